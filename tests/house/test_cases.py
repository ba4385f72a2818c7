"""The cases of tests/cases: each through a real dry-run. README.md there says what may stand in one."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.files import private_folder

FOLDER = Path(__file__).parents[1] / "cases"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where there is one in C: every process of the tests reads them
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.load(file.read_text(encoding="utf-8"), LOADER)
]
FIELDS = {
    "user": {
        "customer_code": "{{ id }}", "first_name": "Jale", "last_name": "Su", "email": "m{{ id }}@example.com",
        "sms_allowed": False, "email_allowed": False, "date_joined": "2020-01-01 00:00:00",
        "password": "0cc175b9c0f1b6a831c399e269772661", "password_algorithm": "md5",
    },
    "address": {
        "customer_code": "{{ id }}", "email": "m{{ id }}@example.com", "first_name": "Jale", "last_name": "Su",
        "country": "Türkiye", "city": "İstanbul", "township": "Beykoz", "line": "Lale Sok. 8",
    },
    "order": {
        "number": "{{ id }}", "user": "7", "user_email": "su@example.com", "status": "550",
        "created_date": "2020-01-01 00:00:00", "amount": 1, "currency": "try", "payment_type": "credit_card", "bank": "",
        "tracking_number": "", "shipping_company": "aras", "shipping_address": "Lale Sok. 8", "billing_address": "Lale Sok. 8",
    },
    "order_item": {"order_number": "{{ id }}", "price": 1},
}  # fmt: skip
REJECT = "reject"


def normal(case):
    """A case of cells as one of rows."""
    if "cells" not in case and "field" not in case:
        return case
    payload, field = case["field"].split(".")
    cells = case.get("cells", {"x": None})
    pairs = list(cells.items()) if isinstance(cells, dict) else cells
    source = [{"id": str(number), "v": cell} for number, (cell, _) in enumerate(pairs, 1)]
    first = 2 if isinstance(cells, dict) else 1
    rows = {number: outcome(field, right) for number, (_, right) in enumerate(pairs, first)}
    made = {"json": source} if first == 1 else {"csv": written(source)}
    fields = {field: case["says"]}
    return {"payload": payload, "fields": fields, "rows": rows, **made, **case}


def outcome(field, right):
    if right == REJECT:
        return {REJECT: field}
    return {REJECT: field, "words": right[REJECT]} if isinstance(right, dict) and REJECT in right else {field: right}


def written(rows):
    quoted = ['"' + row["v"].replace('"', '""') + '"' for row in rows]
    return "id,v\n" + "".join(f"{row['id']},{cell}\n" for row, cell in zip(rows, quoted, strict=True))


def mapping_of(case, folder):
    kind = next(kind for kind in ("json", "xml", "csv") if kind in case)
    data = {kind: "data", **case.get("source", {})}
    content = json.dumps(case["json"], ensure_ascii=False) if kind == "json" else case[kind]
    (folder / "data").write_text(content, encoding="utf-8", newline="")
    stage = {"name": case["payload"], "from": "data", "key": case.get("key", "{{ id }}")}
    stage |= {name: case[name] for name in ("where", "unique") if name in case}
    stage["fields"] = FIELDS[case["payload"]] | case.get("fields", {})
    mapping = {"version": 1, "name": "case", "sources": {"data": data}}
    if "query" in case:
        mapping["sources"] = {"lines": data, "data": {"query": case["query"]}}
    mapping |= {"lookups": case["lookups"]} if "lookups" in case else {}
    file = folder / "migration.yaml"
    file.write_text(
        yaml.safe_dump({**mapping, "stages": [stage]}, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return file


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def outcomes(package, stage):
    """Row -> the record, or the reasons by field."""
    files = sorted((package.path / "payloads" / stage).glob("*.json"))
    records = [record for file in files for record in json.loads(file.read_text(encoding="utf-8"))]
    keys = [pair for batch in lines(package.path / "index" / f"{stage}.jsonl") for pair in batch]
    found = {row: record for (_, row), record in zip(keys, records, strict=True)}
    rejected = defaultdict(dict)
    for one in lines(package.path / "rejects" / f"{stage}.jsonl"):
        rejected[one["row"]][one["field"] or ""] = one["reason"]
    return found, rejected


@pytest.mark.parametrize("case", CASES)
def test_it_ends_right(case, tmp_path):
    case = normal(case)
    mapping = mapping_of(case, tmp_path)
    settings = Settings(private_folder(tmp_path / "work"), workers=1)
    if "refused" in case:
        with pytest.raises(MappingError) as caught:
            dry_run(mapping, settings)
        assert case["refused"] in str(caught.value)
        return
    sent, rejected = outcomes(dry_run(mapping, settings), case["payload"])
    for row, right in case["rows"].items():
        if right == "filtered":
            assert row not in sent
            assert row not in rejected
        elif REJECT in right:
            assert right[REJECT] in rejected[row], sent.get(row)
            assert right.get("words", "") in rejected[row][right[REJECT]]
        else:
            assert row in sent, rejected.get(row)
            assert {name: sent[row][name] for name in right} == right
