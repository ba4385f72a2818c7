"""Read an uploaded file (JSON, CSV, XLS, XLSX) into records. Raises ValueError with a sentence for the answer.

A CSV or spreadsheet cell is text; it becomes the type its field has in JSON, or stays text for the rules to refuse.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from pathlib import PurePath

import orjson
import python_calamine

_BOOLEANS = frozenset(("sms_allowed", "email_allowed"))
_INTEGERS = frozenset(("quantity", "installment_count"))
_MONEY = frozenset(("amount", "discount_amount", "price"))
_OBJECTS = frozenset(("extra_field",))
_MAY_BE_EMPTY = frozenset(("payment_type", "bank", "tracking_number", "gender", "image_url"))
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_records(data: bytes, filename: str) -> list[object]:
    kind = _kind(data, filename)
    records: list[object] = _read_json(data) if kind == "json" else list(_read_table(_rows(data, kind)))
    if not records:
        raise ValueError("The file holds no records.")
    return records


def _kind(data: bytes, filename: str) -> str:
    suffix = PurePath(filename).suffix.lower()
    if suffix in (".xls", ".xlsx") or data.startswith(_EXCEL):
        return "excel"
    if suffix in (".json", ".csv"):
        return suffix[1:]
    return "json" if data.lstrip()[:1] in (b"[", b"{") else "csv"


def _read_json(data: bytes) -> list[object]:
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"The file is not JSON: {error}.") from None
    if not isinstance(content, list):
        raise ValueError("The file must be a JSON array of objects.")
    return content


def _rows(data: bytes, kind: str) -> list[list[str]]:
    return _csv_rows(data) if kind == "csv" else _excel_rows(data)


def _csv_rows(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"The CSV file is not UTF-8: byte {error.start}.") from None
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _excel_rows(data: bytes) -> list[list[str]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
    except (python_calamine.CalamineError, OSError) as error:
        raise ValueError(f"The spreadsheet cannot be read: {error}.") from None
    return [[_cell_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    # A spreadsheet has no whole numbers: 5321234567 arrives as 5321234567.0.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _read_table(rows: list[list[str]]) -> list[dict[str, object]]:
    if not rows:
        return []
    header = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) > len(header):
            raise ValueError(f"Row {number} has {len(row)} cells, the header {len(header)}.")
    return [{name: _typed(name, cell) for name, cell in zip(header, row, strict=False)} for row in rows[1:] if any(row)]


def _typed(field: str, cell: str) -> object:
    text = cell.strip()
    if not text:
        return _empty(field)
    if field in _BOOLEANS:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    try:
        if field in _INTEGERS:
            return int(text)
        if field in _MONEY:
            return float(text)
        return orjson.loads(text) if field in _OBJECTS else text
    except ValueError:
        return text


def _empty(field: str) -> object:
    if field in _OBJECTS:
        return {}
    return "" if field in _MAY_BE_EMPTY else None
