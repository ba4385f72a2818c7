"""The paths under /_strict/: a test sets what shall happen, and asks what arrived."""

from __future__ import annotations

import json

from .asked import Answer


class Controls:
    def __init__(self, office):
        self._office, self._ledger = office, office.ledger

    def answer(self, request):
        if request.method == "GET":
            found = getattr(self, f"know_{request.names['what']}")(request.names["type"])
            return Answer(200, {"count": len(found), "results": found})
        if request.method == "DELETE":
            self._office.faults.clear()
        else:
            getattr(self, f"set_{request.names['what']}")(json.loads(request.body))
        return Answer(200, {})

    def know_records(self, kind):
        return self._ledger.arrivals(kind)

    def know_uploads(self, _):
        return self._ledger.rows("SELECT *, 1 AS finished FROM uploads ORDER BY rowid")

    def know_requests(self, _):
        return self._ledger.rows("SELECT id, method, path, length(body) AS size, whole FROM requests ORDER BY id")

    def know_violations(self, _):
        return [row["text"] for row in self._ledger.rows("SELECT text FROM violations")]

    def know_errors(self, _):
        rows = self._ledger.rows("SELECT type, content, complaints FROM records WHERE complaints <> '{}'")
        return [row | {"complaints": json.loads(row["complaints"])} for row in rows]

    def know_state(self, _):
        return []  # records are judged as they come: there is nothing to wait for

    def set_faults(self, given):
        self._office.faults.set(*(given if isinstance(given, list) else [given]))

    def set_looks(self, given):
        self._office.looks = given

    def set_customers(self, given):
        self._office.channel.shown_after = given["after"]

    def set_reset(self, _):
        self._office.forget()
