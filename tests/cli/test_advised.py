"""What a command advises in a state of a migration can be done there, by the very words that were printed."""

from __future__ import annotations

import json
import re
import shlex
import shutil

import pytest
from commands import TARGET, etl, target, write_shop
from load_helpers import TOKEN, Sandbox

SHOP = "shop"
HERE = (SHOP, "-w", "kept")
PLACES = re.compile(r" (shop|--mapping shop|--workspace kept|-w kept)(?= |$)")


class Shop:
    """A folder with a migration in some state. `cwd` is where everything is typed."""

    def __init__(self, cwd, sandbox):
        self.cwd, self.sandbox = cwd, sandbox

    def etl(self, *words):
        return etl(*words, cwd=self.cwd, **target(self.sandbox.url, TOKEN))

    def failing(self, fault, *words):
        self.sandbox.fault(fault)
        done = self.etl(*words)
        self.sandbox.clear_faults()
        return done

    def packages(self, kind="packages"):
        return sorted((self.cwd / f"kept/shop/{kind}").iterdir())

    def edit(self):
        mapping = self.cwd / SHOP / "migration.yaml"
        mapping.write_text(mapping.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")

    def purge(self):
        assert self.etl("purge", *HERE, "--force", "--yes").returncode == 0


def fresh(shop):
    write_shop(shop.cwd / SHOP)


def unknown(shop):
    fresh(shop)
    assert shop.failing("error_before", "run", *HERE).returncode == 4


def unknown_and_purged(shop):
    unknown(shop)
    shop.purge()


def failed(shop):
    fresh(shop)
    assert shop.failing("errors", "run", *HERE).returncode == 1


def failed_and_purged(shop):
    failed(shop)
    shop.purge()


def refused_and_purged(shop):
    fresh(shop)
    shop.sandbox.fault("error_before", status=400)
    assert shop.etl("run", *HERE).returncode == 3
    shop.sandbox.clear_faults()
    shop.purge()


def unknown_in_a_pilot(shop):
    fresh(shop)
    assert shop.failing("error_before", "pilot", *HERE).returncode == 4


def unknown_in_a_sample(shop):
    fresh(shop)
    assert shop.etl("sample", *HERE).returncode == 0
    [sample] = shop.packages("samples")
    assert shop.failing("error_before", "run", *HERE, "--package", sample).returncode == 4


def a_sample_that_is_purged(shop):
    unknown_in_a_sample(shop)
    shop.purge()


def handed_over(shop):
    unknown(shop)
    assert shop.etl("journal", "hand-over", SHOP, "over.tar", "-w", "kept").returncode == 0


def of_another_mapping(shop):
    failed(shop)
    shop.edit()


def of_an_older_version(shop):
    failed(shop)
    [package] = shop.packages()
    manifest = package / "manifest.json"
    raw = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps({**raw, "format": 2, "versions": {"omnitron-etl": "0.0.1"}}), encoding="utf-8")


def failed_of_two_batches(shop):
    write_shop(shop.cwd / SHOP, target=TARGET.replace("{ url", "{ batch_size: 1, url"))
    assert shop.failing("errors", "run", *HERE).returncode == 1


def retried(shop):
    failed_of_two_batches(shop)
    assert shop.etl("retry", *HERE, "--yes").returncode == 1


def failed_in_a_pilot(shop):
    fresh(shop)
    assert shop.failing("errors", "pilot", *HERE).returncode == 1


def retried_in_a_pilot(shop):
    failed_in_a_pilot(shop)
    assert shop.etl("retry", *HERE, "--yes").returncode == 1


def changed(shop):
    fresh(shop)
    assert shop.etl("run", *HERE).returncode == 0
    rows = shop.cwd / SHOP / "customers.csv"
    rows.write_text(rows.read_text(encoding="utf-8").replace("Ali,", "Can,"), encoding="utf-8")
    assert shop.etl("run", *HERE).returncode == 1


ASK = ("resolve 1 --arrived", "resolve 1 --lost")

TABLE = {
    (fresh, "status"): ("run",),
    (fresh, "resume"): ("run",),
    (fresh, "retry"): ("run",),
    (fresh, "resolve 1 --lost"): ("run",),
    (fresh, "verify --arrived"): ("run",),
    (fresh, "history --stage user --key 1"): ("run",),
    (unknown, "run"): ASK,
    (unknown, "status"): (*ASK, *ASK),
    (unknown, "resume"): ASK,
    (unknown, "retry"): (),
    (unknown, "purge --yes"): ("resolve BATCH",),
    (unknown, "resolve 1 --lost"): ("resume",),
    (unknown, "resolve 1 --arrived"): ("resume",),
    (unknown_and_purged, "status"): ASK,
    (unknown_and_purged, "resolve 1 --lost"): ("run",),
    (unknown_and_purged, "resolve 1 --arrived"): ("run",),
    (unknown_and_purged, "resume"): ASK,
    (unknown_and_purged, "run"): ASK,
    (unknown_and_purged, "purge --yes"): ("resolve BATCH",),
    (failed, "resume"): ("status", "retry", "dry-run", "retry", "resume --old-mapping"),
    (failed, "resolve 1 --lost"): ("retry --batch 1",),
    (failed, "resolve 1 --arrived"): ("resume",),
    (failed_of_two_batches, "retry --yes"): ("resume",),
    (retried, "status"): ("resume",),
    (failed_in_a_pilot, "retry --yes"): ("pilot",),
    (retried_in_a_pilot, "status"): ("pilot",),
    (changed, "run"): ("status --changed",),
    (changed, "status"): ("status --changed",),
    (failed_and_purged, "retry"): ("dry-run",),
    (failed_and_purged, "resume"): ("run",),
    (failed_and_purged, "resolve 1 --lost"): ("dry-run", "retry --batch 1"),
    (failed_and_purged, "status"): (),
    (failed_and_purged, "status --changed"): ("run",),
    (failed_and_purged, "resolve 1 --arrived"): ("run",),
    (refused_and_purged, "resume"): ("run",),
    (refused_and_purged, "status"): (),
    (refused_and_purged, "status --changed"): ("run",),
    (unknown_in_a_pilot, "resolve 1 --lost"): ("pilot",),
    (unknown_in_a_pilot, "resolve 1 --arrived"): ("pilot",),
    (unknown_in_a_pilot, "resume"): ASK,
    (unknown_in_a_pilot, "pilot"): ASK,
    (unknown_in_a_sample, "resolve 1 --lost"): ("resume",),
    (unknown_in_a_sample, "status"): (*ASK, *ASK),
    (a_sample_that_is_purged, "resolve 1 --lost"): ("run",),
    (a_sample_that_is_purged, "status"): ASK,
    (a_sample_that_is_purged, "retry"): (),
    (handed_over, "status"): ("journal moved",),
    (handed_over, "run"): ("journal moved",),
    (handed_over, "resume"): ("journal moved",),
    (handed_over, "resolve 1 --lost"): ("journal moved",),
    (handed_over, "purge --yes"): (),
    (handed_over, "sample"): ("journal moved",),
    (of_another_mapping, "resume"): ("run",),
    (of_another_mapping, "retry"): ("dry-run", "retry"),
    (of_an_older_version, "resume"): ("run",),
    (of_an_older_version, "retry"): ("dry-run",),
    (of_an_older_version, "status --changed"): ("run",),
}
"""What is advised in each state by what is typed there, command by command."""

REFUSED = (
    "not there any more",
    "nothing to resume",
    "no package is here",
    "was made by another version",
    "sends nothing more",
)


@pytest.fixture(scope="module")
def sandbox():
    server = Sandbox()
    yield server
    server.close()


@pytest.fixture(scope="module")
def states(tmp_path_factory, sandbox):
    """Each state, made once; what is typed there is typed in a copy."""
    made: dict[str, Shop] = {}

    def copy_of(state, folder):
        if state.__name__ not in made:
            sandbox.reset()
            made[state.__name__] = Shop(tmp_path_factory.mktemp(state.__name__), sandbox)
            state(made[state.__name__])
        return Shop(shutil.copytree(made[state.__name__].cwd, folder), sandbox)

    return copy_of


def advised(told):
    return [found.replace(" [MIGRATION_ID]", "") for found in re.findall(r"`etl ([^`]*)`", told)]


def bare(words):
    """An advised command without what it was completed with, and what only this shop is called."""
    return re.sub(r" --target \S+", "", PLACES.sub("", PLACES.sub("", words)))


def typed(words):
    name, *more = words.split()
    return (name, *more, "--mapping", SHOP, "-w", "kept") if name == "resolve" else (name, *HERE, *more)


@pytest.mark.parametrize(("state", "words"), TABLE, ids=[f"{state.__name__}: {words}" for state, words in TABLE])
def test_what_is_advised_fits_the_state_and_can_be_done_there(state, words, states, sandbox, tmp_path):
    done = states(state, tmp_path / "first").etl(*typed(words))
    found = advised(done.stdout + done.stderr)
    assert tuple(map(bare, found)) == TABLE[state, words], done.stdout + done.stderr
    for turn, command in enumerate(dict.fromkeys(found)):
        if bare(command) in ("resolve BATCH", "resolve 1 --lost", "resolve 1 --arrived"):
            continue  # their own lines of the table
        sandbox.reset()
        shop = states(state, tmp_path / f"then{turn}")
        shop.etl(*typed(words))
        for before in [one for one in found[: found.index(command)] if bare(one) == "dry-run"]:
            assert shop.etl(*shlex.split(before)).returncode in (0, 1)
        ended = shop.etl(*shlex.split(command), *(["--yes"] if command.startswith("retry") else []))
        assert ended.returncode in (0, 1), (command, ended.stdout + ended.stderr)
        assert not [one for one in REFUSED if one in ended.stderr], (command, ended.stderr)
