"""The one form that starts a migration: multipart/form-data with the field `file`. Raises ValueError for any other."""

from __future__ import annotations

import json
import re
from decimal import Decimal


def uploaded_file(content_type, body):
    """(file name, bytes) of the only part."""
    found = re.fullmatch(r'multipart/form-data;\s*boundary="?([^";]{1,70})"?', content_type or "")
    if not found:
        raise ValueError(f"the content type is {content_type!r}, not multipart/form-data with a boundary")
    mark = b"--" + found[1].encode("ascii")
    parts = (b"\r\n" + body).split(b"\r\n" + mark)
    if parts[0] or parts[-1] not in (b"--", b"--\r\n") or len(parts) != 3:
        raise ValueError("the body is not one part between its boundaries")
    head, empty, content = parts[1].removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not empty:
        raise ValueError("the part has no headers")
    return _file_name(head.decode("utf-8")), content


def _file_name(head):
    headers = dict(line.split(": ", 1) for line in head.split("\r\n"))
    found = re.fullmatch(r'form-data; name="file"; filename="([^"/\\]+)"', headers.get("Content-Disposition", ""))
    if not found:
        raise ValueError(f"the part is not the field 'file' with a file name: {head}")
    return found[1]


def records_of(content):
    """The file's records twice over: as they are judged (decimals exact), and as they are kept."""
    text = content.decode("utf-8")
    exact = json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_object)
    if not isinstance(exact, list) or not exact:
        raise ValueError("the file is not a JSON array of records")
    return exact, json.loads(text)


def _no_number(text):
    raise ValueError(f"{text} is no JSON")


def _object(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"an object has a name twice: {[name for name, _ in pairs]}")
    return dict(pairs)
