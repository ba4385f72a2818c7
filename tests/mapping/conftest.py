"""A mapping that a test edits."""

import pytest
from mapping_case import Case


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "t")
    return Case(tmp_path)
