"""The shop's own pages, as a visitor reads them."""

from urllib.parse import parse_qs, urlsplit

from load_helpers import scripted, send, target_of

from etl.journal.requestlog import RequestLog
from etl.omnitron.client import Limits
from etl.outside import Outside
from etl.verify.shop import Visitor


def test_each_page_of_a_list_is_read_once_and_the_first_by_the_address_of_the_list(tmp_path):
    def answer(handler, body):
        number = int(parse_qs(urlsplit(handler.path).query).get("page", ["1"])[0])
        send(handler, 200, {"results": [{"number": str(number)}], "next": "there is more" if number < 3 else None})

    here = Outside()
    with scripted(answer) as server:
        log = RequestLog(tmp_path / "requests.jsonl", here.now, here.seam)
        visitor = Visitor(server.url, Limits.of(target_of(server.url)), log, here)
        assert [one["number"] for one in visitor.old_orders()] == ["1", "2", "3"]
    orders = "/users/old-orders/?format=json"
    assert [one.path for one in server.seen] == [orders, f"{orders}&page=2", f"{orders}&page=3"]
