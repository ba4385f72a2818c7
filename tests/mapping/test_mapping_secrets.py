"""Which settings are secrets is written in the schema, and nowhere else."""

import pytest

from etl.mapping import secrets
from etl.mapping.secrets import is_secret, marked, secret_paths, secrets_in

SECRET = {"type": "string", "writeOnly": True}


def test_the_secrets_of_the_language():
    assert {("target", "token"), ("target", "password")} <= secret_paths()
    assert is_secret(("target", "token"))
    assert not is_secret(("target", "url"))
    assert not is_secret(("target",))


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"properties": {"a": SECRET}}, ("a",)),
        ({"additionalProperties": {"$ref": "#/$defs/one"}}, ("*", "b")),
        ({"items": SECRET}, ("*",)),
        ({"if": {}, "then": {"properties": {"a": SECRET}}}, ("a",)),
        ({"anyOf": [{"type": "string"}, {"properties": {"a": SECRET}}]}, ("a",)),
    ],
)
def test_a_mark_is_found_wherever_a_schema_can_hold_it(schema, path):
    whole = {"$defs": {"one": {"properties": {"b": SECRET}}}}
    assert list(marked(schema, whole, ())) == [path]


def test_the_secrets_of_a_document_are_found_under_any_name(monkeypatch):
    monkeypatch.setattr(secrets, "secret_paths", lambda: frozenset({("sources", "*", "password")}))
    data = {"sources": {"a": {"password": "x", "csv": "a.csv"}, "b": {"password": {"odd": 1}}}, "password": "y"}
    assert list(secrets_in(data)) == [(("sources", "a", "password"), "x"), (("sources", "b", "password"), {"odd": 1})]
