"""One shop full of what plays with a terminal, and every command that prints something of it."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import etl
from load_helpers import TOKEN
from servers import Strict

from etl.cli.advice import quoted

HARMLESS = "abcdefghij"
UTF8 = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
LETTERS = ("\x1b", "\x9b", "\x7f", "\u202e", "\u2066", "\u200b", "\n", "\r", "\x85", "\u2028")
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

MAPPING = """\
version: 1
name: shop
description: {all}
target:
  url: '${{OMNITRON_URL}}'
  shop_url: '${{OMNITRON_URL}}'
  channel: 1
  token: '${{OMNITRON_TOKEN}}'
  retries: 0
  batch_size: 1
  polling: {{ interval: 0.01, longest: 0.05 }}
sources:
  customers: {{ csv: {csv} }}
  objects: {{ json: {json} }}
lookups:
  sexes: {{ {entry}: male, b: female }}
stages:
  - name: user
    from: customers
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: "{{{{ row[{column}] }}}}"
      last_name: "{{{{ name }}}}"
      email: "{{{{ mail }}}}"
      gender: "{{{{ sex | lookup('sexes') if sex is not none else none }}}}"
      sms_allowed: false
      email_allowed: true
      phone: null
      date_of_birth: null
      date_joined: "2020-01-02 03:04:05"
      password: "098f6bcd4621d373cade4e832627b4f6"
      password_algorithm: md5
  - name: object
    payload: user
    from: objects
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: "{{{{ first }}}}"
      last_name: "{{{{ extra }}}}"
      email: "{{{{ mail }}}}"
      sms_allowed: false
      email_allowed: true
      date_joined: "2020-01-02 03:04:05"
      password: "098f6bcd4621d373cade4e832627b4f6"
      password_algorithm: md5
tests:
  - {{ stage: user, name: {all}, given: {{ id: {all}, {column}: {all} }}, expect: {{ customer_code: {other} }} }}
"""


@dataclass(frozen=True)
class Sentence:
    words: tuple
    code: int
    out: str
    text: str

    @property
    def ending(self):
        # How often progress is looked at before it is there depends on the machine.
        lines = [line for line in self.text.split("\n") if "looking again in" not in line]
        if self.words[0] == "preview":
            # Cells of its tables are folded where they are too long; whatever has a line of its own begins at its beginning.
            lines = [line for line in lines if line[:1].strip()]
        return (self.words[0].partition("<")[0], self.code, len(lines))


class Shop:
    """The shop with each of `letters` in every place."""

    def __init__(self, folder, letters, server):
        self.letters, self.server = letters, server
        self.all = "".join(f"<{one}>" for one in letters)
        self.folder = folder / f"old{self.all}"
        self.folder.mkdir(parents=True)
        self.mapping = self.folder / f"m{self.all}.yaml"
        self.write()

    def write(self, changed="v"):
        column = f"first{self.all}"
        quoted = {"all": self.all, "column": column, "entry": f"a{self.all}", "other": f"o{self.all}",
                  "csv": f"c{self.all}.csv", "json": f"j{self.all}.json"}  # fmt: skip
        text = MAPPING.format(**{name: json.dumps(one) for name, one in quoted.items()})
        text = text.replace(f'"{{{{ row["{json.dumps(column)[1:-1]}"] }}}}"', json.dumps(f"{{{{ row[{column!r}] }}}}"))
        self.mapping.write_text(text, encoding="utf-8")
        cells = [
            (f"k{one}{n}", f"f{one}", f"{changed}{one}", f"u{n}@example.com", "") for n, one in enumerate(self.letters)
        ]
        cells += [
            (f"x{one}{n}", f"f{one}", f"l{one}", f"no{one}body", f"s{one}x") for n, one in enumerate(self.letters)
        ]
        lines = [("id", column, "name", "mail", "sex"), *cells]
        csv = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
        (self.folder / f"c{self.all}.csv").write_bytes(csv.encode())
        objects = [
            {"id": f"o{n}", "first": f"f{one}", "extra": {f"k{one}": f"v{one}"}} for n, one in enumerate(self.letters)
        ]
        objects = [{**one, "mail": one["first"]} for one in objects]
        objects += [
            {"id": f"g{one}{n}", "first": f"f{one}", "extra": f"{changed}{one}", "mail": f"g{n}@example.com"}
            for n, one in enumerate(self.letters)
        ]
        (self.folder / f"j{self.all}.json").write_text(json.dumps(objects), encoding="utf-8")

    def break_it(self):
        """A column that is not there, and a key that no mapping has."""
        text = self.mapping.read_text(encoding="utf-8").replace("{{ name }}", "{{ row['no' ~ 'w'] }}")
        self.mapping.write_text(f"{text}{json.dumps(self.all)}: 1\n", encoding="utf-8")
        (self.folder / f"j{self.all}.json").unlink()

    def typed(self, *words, json=True):
        """The command, and for the hostile letters the same with --json."""
        more = [self._said((*words, "--json"))] if json and self.letters is LETTERS else []
        return [self._said(words), *more]

    def unknown(self):
        """The number of the batch that nobody knows the fate of."""
        status = json.loads(self._said(("status", "--json")).out)
        return next(str(one["batch"]) for one in status["attention"] if one["state"] == "unknown")

    def looked(self, name, *words, json=True):
        """A command whose mapping, or what it looks at, comes first."""
        both = ([], ["--json"]) if json and self.letters is LETTERS else ([],)
        return [self._told((name, *words, *more)) for more in both]

    def _said(self, words):
        place = ("--mapping", self.mapping) if words[0] == "resolve" else (self.mapping,)
        return self._told(words, *place)

    def _told(self, words, *place):
        settings = {"OMNITRON_URL": self.server.url, "OMNITRON_TOKEN": TOKEN, "LOGNAME": f"p{self.all}"}
        done = etl(*words, *place, text=False, ETL_VERIFY_PASSWORD="x", **settings)
        out = done.stdout.decode()
        return Sentence(words, done.returncode, out, out + done.stderr.decode())


def walk(shop):
    """Every command, in an order in which each has something to tell: its words, exit code and what it wrote."""
    ask, first = shop.server.ask, shop.letters[0]
    hostile = {"fault": "error_before", "body": f"no {shop.all} {{}}"}
    record = ("--stage", "user", "--key", f"k{first}0")
    yield shop.typed("check")
    yield shop.typed("test", json=False)
    yield shop.typed("preview", "-n", "20", "--show-data")
    yield shop.typed("preview", "--key", shop.all)
    yield shop.typed("dry-run", "--show-data")
    yield shop.typed("pilot", "--key", shop.all)
    ask("faults", hostile | {"status": 400})
    yield shop.typed("pilot", "--key", f"k{first}0", "--show-data", json=False)
    yield shop.typed("pilot", "--key", f"k{first}0", json=False)
    ask("faults", hostile | {"status": 400})
    yield shop.typed("run", "--show-data", json=False)
    ask("faults", hostile | {"status": 500})
    yield shop.typed("resume", "--show-data", json=False)
    yield shop.typed("status", "--show-data")
    yield shop.typed("status", "--target", shop.all)
    unknown = shop.unknown()
    yield shop.typed("resolve", unknown, f"no id {shop.all}", "--arrived")
    yield shop.typed("resolve", unknown, "--lost", json=False)
    ask("faults", hostile | {"status": 200, "on": "progress"})
    ask("faults", {"fault": "errors", "skip": 2})
    yield shop.typed("resume", "--show-data", json=False)
    ask("faults", method="DELETE")
    yield shop.typed("resume", "--show-data", json=False)
    yield shop.typed("status", "--show-data")
    yield shop.typed("history", "--verbose", "--show-data", *record)
    yield shop.typed("history", "--show-data", "--stage", "user", "--key", f"x{first}0")
    yield shop.typed("retry", "--key", shop.all)
    ask("faults", hostile | {"status": 400})
    yield shop.typed("retry", "--yes", "--show-data", json=False)
    ask("faults", method="DELETE")
    yield shop.typed("resume", json=False)
    ask("faults", hostile | {"status": 401, "on": "login"})
    yield shop.typed("verify", "--email", f"a{shop.all}@example.com")
    yield shop.typed("target", "--same-as", shop.all)
    yield shop.typed("target")
    shop.write(changed="other")
    yield shop.typed("dry-run", json=False)
    yield shop.typed("run", json=False)
    yield shop.typed("status", "--changed", "--show-data")
    shop.break_it()
    yield shop.typed("check")
    yield shop.typed("run", json=False)
    yield shop.typed("dry-run", "--stage", shop.all)
    yield shop.typed(shop.all, json=False)


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """What the commands said of the hostile shop, and of the same with letters that do no harm."""
    said = []
    for letters in (LETTERS, HARMLESS):
        server = Strict()
        try:
            said.append(list(walk(Shop(tmp_path_factory.mktemp("walk"), letters, server))))
        finally:
            server.close()
    return said


@pytest.mark.timeout(300)
def test_no_command_lets_a_letter_through_that_plays_with_a_terminal(walks):
    leaks = {said.words: sorted(set(RAW.findall(said.text))) for command in walks[0] for said in command}
    assert {words: found for words, found in leaks.items() if found} == {}


@pytest.mark.timeout(300)
def test_the_walk_sends_records_of_each_kind(walks):
    """What was sent, failed, was sent again and has changed since is what tells the most."""
    said = [one for command in walks[1] for one in command]
    told = {word: [one for one in said if one.words[0] == word] for word in ("pilot", "resume", "retry", "status")}
    assert [one.code for one in told["pilot"]][-2:] == [3, 0]
    assert "1 error in" in "".join(one.text for one in told["resume"])
    assert told["retry"][-1].code == 3
    assert "changed since it was uploaded: user 'ka0'" in told["status"][-1].text


@pytest.mark.timeout(300)
def test_no_name_makes_a_line_of_its_own(walks):
    pairs = [(hostile[0], usual[0]) for hostile, usual in zip(*walks, strict=True)]
    assert [hostile.ending for hostile, _ in pairs] == [usual.ending for _, usual in pairs]


@pytest.mark.timeout(300)
def test_in_json_each_letter_reads_back_as_it_was(walks):
    found = [json.loads(said.out) for command in walks[0] for said in command if said.words[-1] == "--json"]
    previewed = found[1]["rows"][0]
    assert previewed["source"] == f"c{''.join(f'<{one}>' for one in LETTERS)}.csv"
    assert previewed["cells"]["id"] == f"k{LETTERS[0]}0"


def looks(shop):
    """The commands that look into packages and sources, each of which has something to tell."""
    first, of = shop.letters[0], shop.mapping
    csv = shop.folder / f"c{shop.all}.csv"
    yield shop.typed("dry-run", json=False)
    old = next((shop.folder / "work" / "shop" / "packages").iterdir())
    for one in (f"k{first}0", f"x{first}0", f"o{first}", "u1@example.com", f"nobody{shop.all}"):
        yield shop.looked("find", of, one, "--show-data")
    for record in (
        ("user", f"k{first}0"),
        ("user", f"x{first}0"),
        ("object", f"g{first}0"),
        ("user", shop.all),
        (shop.all, "1"),
    ):
        yield shop.looked("explain", of, *record, "--show-data")
    for name in ("reconcile", "lineage", "fix"):
        yield shop.looked(name, of)
    yield shop.looked("sample", of, json=False)
    for rows in (["--rejected"], ["--rejected", shop.all], ["--where", f"{{{{ {shop.all} }}}}"]):
        yield shop.looked("preview", of, *rows, "--show-data")
    yield shop.looked("test", of, "--coverage")
    yield shop.looked("test", of, "-k", f"no{shop.all}")
    yield shop.looked("check", of, "--data")
    yield shop.looked("inspect", csv, "--show-data")
    yield shop.looked("inspect", shop.folder / f"j{shop.all}.json", "--show-data")
    yield shop.looked("inspect", shop.folder / f"not there{shop.all}.csv")
    yield shop.looked("report", of, json=False)
    shop.write(changed="other")
    yield shop.typed("dry-run", json=False)
    new = max((shop.folder / "work" / "shop" / "packages").iterdir())
    yield shop.looked("diff", old, new, "--show-data")
    yield shop.looked("diff", old, shop.folder / shop.all)
    yield shop.looked("target", of)
    yield shop.looked("purge", of, json=False)
    yield shop.looked("init", shop.folder / f"1{shop.all}", shop.folder, json=False)
    yield shop.looked("init", shop.folder, shop.folder, json=False)


@pytest.mark.timeout(300)
def test_no_command_that_looks_lets_such_a_letter_through_or_a_name_make_a_line(tmp_path):
    server = Strict()
    try:
        hostile, usual = (
            [one for command in looks(Shop(tmp_path / name, letters, server)) for one in command]
            for name, letters in (("hostile", LETTERS), ("usual", HARMLESS))
        )
    finally:
        server.close()
    assert {one.words: found for one in hostile if (found := sorted(set(RAW.findall(one.text))))} == {}
    # Tables fold what is too long for their columns.
    plain = [one for one in hostile if one.words[-1] != "--json"]
    pairs = [(a, b) for a, b in zip(plain, usual, strict=True) if (a.words[0], a.code) != ("inspect", 0)]
    assert [a.ending for a, _ in pairs] == [b.ending for _, b in pairs]


@pytest.mark.parametrize("place", ["plain", "two words", "it's", "old\x1b\x9b\u202e\n'\\shop\U000e0001"])
def test_a_place_in_an_advised_command_can_be_typed(place):
    typed = subprocess.run(
        ["bash", "-c", f"printf %s {quoted(Path(place))}"], capture_output=True, check=True, env=UTF8
    )
    assert typed.stdout.decode() == place
    assert quoted(Path(place)).isprintable()
