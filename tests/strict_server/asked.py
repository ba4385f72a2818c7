"""A request and its answer, and which path of the contract it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATHS = (
    ("login", "POST", r"/api/(?:v1|i1)/auth/login/"),
    ("token", "GET", r"/api/v1/active_user/"),
    ("start", "POST", r"/api/v1/remote/(?P<channel>[^/]+)/migrations/start/(?P<type>[^/]+)/"),
    ("progress", "GET", r"/api/v1/remote/(?P<channel>[^/]+)/migrations/(?P<id>[^/]+)/"),
    ("customers", "GET", r"/api/v1/channel/(?P<channel>[^/]+)/customers/"),
    ("lists", "GET", r"/api/v1/channel/(?P<channel>[^/]+)/(?P<list>addresses|cargos)/"),
    ("geography", "GET", r"/api/v1/(?:channel/(?P<channel>[^/]+)/)?(?P<list>countries|cities|townships|districts)/"),
    ("control", "GET|POST|DELETE", r"/_strict/(?P<what>\w+)(?:/(?P<type>\w+))?"),
)


@dataclass(frozen=True)
class Answer:
    status: int
    body: object
    headers: dict = field(default_factory=dict)

    @property
    def data(self):
        """Text goes out as it stands, anything else as JSON."""
        return (
            self.body.encode() if isinstance(self.body, str) else json.dumps(self.body, separators=(",", ":")).encode()
        )


@dataclass
class Request:
    """`number` is its place in the ledger, `names` what its path names, `fault` what it meets."""

    method: str
    target: str
    headers: dict
    body: bytes = b""
    number: int = 0
    fault: Any = None
    endpoint: str = ""
    names: dict = field(default_factory=dict)

    def __post_init__(self):
        for endpoint, methods, pattern in PATHS:
            found = re.fullmatch(pattern, self.path)
            if found and self.method in methods.split("|"):
                self.endpoint, self.names = endpoint, found.groupdict()

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in found.items()}

    @property
    def size(self):
        return int(self.headers.get("content-length", 0))

    def meets(self, name):
        return self.fault is not None and self.fault.fault == name
