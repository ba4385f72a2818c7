"""Shops' HTTP APIs on this machine, each paging, limiting and refusing as its documentation says it does."""

from __future__ import annotations

import base64
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY, SECRET, TOKEN = "ck_reader", "cs_s3cr3t", "t0ken-of-the-api-tests"


@dataclass
class Shop:
    """`faults` are taken from, one a request: a status, "cut", "short", or None for a good answer."""

    kind: str
    orders: list
    url: str = ""
    faults: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    logins: list = field(default_factory=list)
    retry_after: str = "0"
    others: dict = field(default_factory=dict)
    """What lies at other paths than that of the orders: the last word of the path -> its rows."""

    def at(self, path):
        """The same shop, asked for what lies at a path."""
        rows = self.others.get(path.rpartition("/")[2])
        return self if rows is None else replace(self, orders=rows, url=self.url.rpartition("/orders")[0] + path)

    def answer(self, query, headers):
        """Status, headers, document."""
        return getattr(self, self.kind)(query, headers)

    def woocommerce(self, query, headers):
        expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if headers.get("Authorization") != expected:
            return 401, {}, {"code": "woocommerce_rest_cannot_view", "message": "Üzgünüz"}
        page, size = int(query.get("page", "1")), int(query.get("per_page", "10"))
        if size > 100:
            return 400, {}, {"code": "rest_invalid_param"}
        total = len(self.orders)
        pages = -(-total // size)
        said = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        return 200, said, self.orders[(page - 1) * size : page * size]

    def shopify(self, query, headers):
        if headers.get("X-Shopify-Access-Token") != TOKEN:
            return 401, {}, {"errors": "[API] Invalid API key or access token"}
        size = int(query.get("limit", "50"))
        start = int(query.get("page_info", "0"))
        if "page_info" in query and set(query) - {"page_info", "limit"}:
            return 400, {}, {"errors": {"page_info": "no other parameters"}}
        links = [f'<{self.url}?limit={size}&page_info={max(0, start - size)}>; rel="previous"'] if start else []
        if start + size < len(self.orders):
            links.append(f'<{self.url}?limit={size}&page_info={start + size}>; rel="next"')
        name = self.url.rpartition("/")[2].removesuffix(".json")
        return 200, {"Link": ", ".join(links)} if links else {}, {name: self.orders[start : start + size]}

    def prestashop(self, query, headers):
        """The key is the user, and there is no password. Nothing is an empty list, not an object."""
        if headers.get("Authorization") != "Basic " + base64.b64encode(f"{KEY}:".encode()).decode():
            return 401, {}, {}
        if query.get("output_format") != "JSON" or query.get("display") != "full":
            return 200, {}, None
        start, size = map(int, query["limit"].split(","))
        found = self.orders[start : start + size]
        return 200, {}, {"orders": found} if found else []

    def magento(self, query, headers):
        """The last page comes again for every number beyond it."""
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"message": "The consumer isn't authorized to access %resources."}
        page, size = int(query["searchCriteria[currentPage]"]), int(query["searchCriteria[pageSize]"])
        page = min(page, max(1, -(-len(self.orders) // size)))
        found = self.orders[(page - 1) * size : page * size]
        return 200, {}, {"items": found, "search_criteria": {}, "total_count": len(self.orders)}

    def odata(self, query, headers):
        start, size = int(query.get("$skiptoken", "0")), 7
        more = {"@odata.nextLink": f"{self.url}?$skiptoken={start + size}"} if start + size < len(self.orders) else {}
        return 200, {}, {"@odata.context": "$metadata#Orders", "value": self.orders[start : start + size], **more}

    def cursor(self, query, headers):
        start, size = int(query.get("after", "0")), int(query.get("n", "7"))
        after = str(start + size) if start + size < len(self.orders) else None
        return 200, {}, {"data": {"orders": self.orders[start : start + size]}, "meta": {"next": after}}

    def plain(self, query, headers):
        return 200, {}, self.orders


@contextmanager
def shop(kind, orders):
    found = Shop(kind, orders)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            parts = urlsplit(self.path)
            found.asked.append(self.path)
            found.logins.append(self.headers.get("Authorization") or self.headers.get("X-Shopify-Access-Token"))
            fault = found.faults.pop(0) if found.faults else None
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            if isinstance(fault, int):
                self.reply(fault, {"Retry-After": found.retry_after}, b"{}")
                return
            if isinstance(fault, tuple):
                self.reply(*fault)
                return
            status, headers, document = found.at(parts.path).answer(query, self.headers)
            body = b"<xml/>" if document is None else json.dumps(document, ensure_ascii=False).encode()
            body = re.sub(rb'"exact:([^"]*)"', rb"\1", body)
            self.reply(status, headers, body, fault)

        def reply(self, status, headers, body, fault=None):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if fault == "short":  # without a length: only the end of the connection is the end
                self.send_header("Connection", "close")
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault else body)
            self.close_connection = bool(fault)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/orders"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
