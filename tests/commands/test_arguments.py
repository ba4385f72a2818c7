"""Whatever a function of the Python face is given, it answers in the project's words."""

import inspect
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import write_shop

import etl as typed
from etl import EtlError, Inspecting, Outside, Preparing, RetryChoice
from etl.arguments import checked, face
from etl.errors import ArgumentError

etl: Any = typed
Settings, Which = etl.Settings, etl.Which
"""Called with what their types do not allow."""

PYTHONS = ("argument", "NoneType", "PosixPath", "object has no", "unsupported", "Traceback", "expected str", "__init__")

ODD: dict[str, Any] = {
    "none": None, "true": True, "minus": -1, "nought": 0, "half": 0.5, "huge": 10**30, "not a number": float("nan"),
    "empty": "", "blank": "  ", "text": "no such", "zero byte": "a\0b", "half a letter": "\ud800", "long": "x" * 5000,
    "bytes": b"x", "list": [], "texts": ["a"], "dictionary": {}, "path": Path("nowhere"), "null path": Path("a\0b"),
    "here": Path(), "root": Path("/"), "here as text": ".", "zero byte within": ["a\0b"], "odd within": [1.5, None],
    "odd name": {1: 2}, "object": object(), "function": lambda: None,
}  # fmt: skip


def no(*told, **named):
    return False


@pytest.fixture
def right(tmp_path, monkeypatch):
    """What each parameter may be given, so that the others are tried one by one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMNITRON_URL", "http://127.0.0.1:1")
    mapping, work = write_shop(tmp_path), tmp_path / "work"
    settings = Settings(work, workers=1)
    package = etl.dry_run(mapping, settings).path
    outside = Outside(sleep=lambda seconds: None)
    return {
        "mapping": mapping, "workspace": work, "settings": settings, "outside": outside, "which": Which(mapping, work),
        "old": mapping, "new": package, "preparing": Preparing(lambda one: settings), "watch": no, "stage_name": "user",
        "stage": "user", "key": "1", "number": 1, "text": "1", "book": tmp_path / "book.xlsx", "folder": tmp_path / "new",
        "locations": [str(tmp_path / "users.csv")], "asked": Inspecting(str(tmp_path)), "batch": 1, "arrived": True,
        "confirmed": no, "agree": no, "wanted": RetryChoice(), "file": tmp_path / "file.csv", "email": "a@example.com",
        "password": "hidden", "same_as": "other", "path": package, "location": str(tmp_path), "packages": (),
        "snapshots": (), "batches": (), "logs": (), "corrections": None, "files": 0, "bytes": 0,
    }  # fmt: skip


def answer(call):
    try:
        call()
    except EtlError as error:
        return str(error)
    return "done"


CALLED = sorted(name for name in etl.EXPORTED if name != "EtlError")


@pytest.mark.parametrize("name", CALLED)
def test_nothing_that_a_function_is_given_ends_in_pythons_words(name, right):
    called = getattr(etl, name)
    parameters = inspect.signature(called).parameters.values()
    needed = {one.name: right[one.name] for one in parameters if one.default is one.empty}
    for one in parameters:
        for odd, value in ODD.items():
            told = answer(partial(called, **{**needed, one.name: value}))
            assert told.strip(), (one.name, odd)
            assert not [word for word in PYTHONS if word in told], (one.name, odd, told)


def told(call):
    with pytest.raises(ArgumentError) as error:
        call()
    return str(error.value)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (partial(Settings, "work", workers=0), "Settings(): workers is 0; give a whole number of 1 or more"),
        (partial(Settings, "work", workers=-1), "Settings(): workers is -1; give a whole number of 1 or more"),
        (partial(Settings, "work", engine="x"), "Settings(): engine is a text; give 'local' or 'dask'"),
        (
            partial(Settings, "work", stages="user"),
            "Settings(): stages is a text; give several in a list, also where it is one: [...]",
        ),
        (partial(Settings), "Settings(): workspace is missing; it takes workspace, workers, limit"),
        (partial(Settings, "work", worker=1), "Settings(): there is no 'worker'; did you mean 'workers'?; it takes"),
        (partial(etl.preview, "m", "user", -1), "preview(): number is -1; give a whole number of 1 or more"),
        (partial(etl.preview, "m", None, 10**30), "preview(): number is too large; give a whole number of at most 18"),
        (partial(etl.init, Path("shop"), []), "init(): locations is an empty list; give where the shop's data lies"),
        (partial(etl.init, Path("shop"), [""]), "init(): locations[0] is an empty text; give the path of"),
        (partial(etl.init, Path("shop"), ["a", 1.5]), "init(): locations[1] is 1.5; give a text"),
        (
            partial(etl.init, Path("shop"), ["a\0b"]),
            "init(): locations[0] is a text; give the path of a file, a folder or",
        ),
        (
            partial(etl.init, Path("shop"), "shop.sql"),
            "init(): locations is a text; give several in a list, also where it",
        ),
        (partial(Inspecting, "a\0b"), "Inspecting(): location is a text; give a path, the address of a database, or"),
        (partial(Inspecting, "a", given=ODD["odd name"]), "Inspecting(): given (name 1) is 1; give a text"),
        (partial(etl.preview, "m", "user", []), "preview(): number is an empty list; give a whole number"),
        (partial(etl.preview, "m", "user", {}), "preview(): number is an empty dict; give a whole number"),
        (partial(etl.check, 5), "check(): mapping is 5; give a path, as a Path or as its text"),
        (partial(etl.check, "a\0b"), "check(): mapping is a text; give a path, as a Path or as its text, without"),
        (
            partial(etl.check, "m", None, True),
            "check(): 3 values are too many, or one is given twice; it takes mapping",
        ),
        (partial(etl.check, "m", connect="no"), "check(): connect is a text; give True or False"),
        (partial(etl.check, "m", connect=1), "check(): connect is 1; give True or False"),
        (partial(etl.find, Path("m"), "1"), "find(): which is a path; give an etl.Which"),
        (
            partial(etl.diff, "a", "b", Preparing(no), 7),
            "diff(): stages is 7; give several in a list, also where it is one: [...]",
        ),
        (
            partial(etl.purge, "m", None, lambda: True),
            "purge(): confirmed is an object of the type function; give a function that takes 1 value",
        ),
        (partial(etl.Stop, 5), "Stop(): heard is 5; give a function that takes 1 value"),
        (partial(etl.verify_user, "m", None, "a@example.com", b"hidden"), "verify_user(): password is an object of"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_give_instead(call, answer):
    assert told(call).startswith(answer)


def test_a_function_that_is_wanted_is_told_with_how_many_values_it_takes():
    assert told(partial(etl.Stop, 5)).endswith("; give a function that takes 1 value")
    assert told(partial(etl.dry_run, "m", Settings("work"), 5)).endswith("; give a function that takes 2 values")


def test_nothing_that_was_given_is_repeated_for_it_may_be_a_password():
    assert "hidden" not in told(partial(etl.verify_user, "m", None, "a@example.com", ["hidden"]))


def test_a_path_may_be_given_as_its_text_and_a_key_as_its_number(tmp_path):
    mapping = str(write_shop(tmp_path))
    assert {one.kind for one in etl.check(mapping).problems} == {"environment"}
    assert etl.check(mapping, connect=False).problems == etl.check(mapping).problems
    settings = Settings(str(tmp_path / "work"), workers=1)
    assert etl.dry_run(mapping, settings).path.is_relative_to(tmp_path / "work")
    assert etl.explain(mapping, settings, "user", 1).key == "1"
    (found,) = etl.find(Which(mapping), 1)
    assert [one.key for one in found.records] == ["1"]
    assert [row.row for row in etl.preview(mapping, "user", 1, 2)] == [3]


def test_what_the_disk_refuses_is_told_as_the_command_line_tells_it(tmp_path):
    def refused() -> None:
        (tmp_path / "nowhere" / "file").write_text("")

    with pytest.raises(EtlError, match="No such file or directory; see whether it is there and can be used"):
        face(refused)()


def test_a_function_and_a_type_stay_what_they_are():
    assert inspect.signature(etl.check) == inspect.signature(inspect.unwrap(etl.check))
    assert etl.check.__doc__
    assert typed.check is typed.check
    assert isinstance(Settings("work"), Settings)
    assert Settings.__name__ == "Settings"

    @checked
    class Made:
        def __init__(self, one: int, two: str = "") -> None:
            self.both = (one, two)

    assert Made(1, two="b").both == (1, "b")
    pair: Any = Made
    assert told(partial(pair, "1")) == "Made(): one is a text; give a whole number"
