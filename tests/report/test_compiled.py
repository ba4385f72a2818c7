"""The page's template: compiled once, by whoever comes first."""

import sys

import jinja2
import pytest
from commands import ROOT
from jinja2 import DictLoader, Environment

from etl.report.page.compiled import KeptTemplate

OURS = ROOT / "etl" / "report" / "page" / "render.py"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The module of an environment, in a folder as Python leaves it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "render.py"
    path.write_bytes(OURS.read_bytes())
    (tmp_path / "__pycache__").mkdir()
    return path


@pytest.fixture
def compiled(monkeypatch):
    """The sources that have been compiled."""
    seen = []
    generate = Environment._generate

    def noted(self, source, *rest, **more):
        seen.append(source)
        return generate(self, source, *rest, **more)

    monkeypatch.setattr(Environment, "_generate", noted)
    return seen


def rendered(module, source="Hello {{ name }}"):
    environment = Environment(loader=DictLoader({"page": source}), autoescape=True, bytecode_cache=KeptTemplate(module))
    return environment.get_template("page").render(name="<Ali>")


def test_a_second_process_finds_the_template_compiled(module, compiled):
    assert rendered(module) == rendered(module) == "Hello &lt;Ali&gt;"
    assert len(compiled) == 1


def test_another_template_another_module_or_another_jinja_is_compiled_anew(module, compiled, monkeypatch):
    rendered(module)
    assert rendered(module, "Good day {{ name }}") == "Good day &lt;Ali&gt;"
    module.write_text("# another environment")
    rendered(module, "Good day {{ name }}")
    monkeypatch.setattr(jinja2, "__version__", "99")
    rendered(module, "Good day {{ name }}")
    assert len(compiled) == 4


@pytest.mark.parametrize(
    "content", [b"", b"j2", b"no template at all", b"\x80\x05"], ids=["empty", "cut", "foreign", "pickle"]
)
def test_a_damaged_file_is_as_good_as_none(module, content):
    rendered(module)
    KeptTemplate(module).path.write_bytes(content)
    assert rendered(module) == "Hello &lt;Ali&gt;"


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_half_a_file_is_as_good_as_none(module, cut):
    rendered(module)
    path = KeptTemplate(module).path
    path.write_bytes(path.read_bytes()[:-cut])
    assert rendered(module) == "Hello &lt;Ali&gt;"


def test_nothing_is_kept_where_python_keeps_nothing(module, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(module) == "Hello &lt;Ali&gt;"
    assert not list((module.parent / "__pycache__").iterdir())


def test_a_folder_that_cannot_be_written_costs_time_alone(module, compiled):
    (module.parent / "__pycache__").rmdir()
    assert rendered(module) == rendered(module) == "Hello &lt;Ali&gt;"
    assert len(compiled) == 2
