"""The commands as processes: exit codes, what is printed where, what is never printed, and what is never left open."""

import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from commands import (
    BAD_ROWS,
    GOOD_ROWS,
    MAPPING,
    ROOT,
    SAMPLE_MAPPING,
    TOKEN,
    command,
    environment,
    etl,
    etl_by_hand,
    sample_people,
    target,
    write_shop,
)
from sandbox_client import running_sandbox

SUMMARY_KEYS = [
    "migration",
    "package",
    "ok",
    "stages",
    "problems",
    "kinds",
    "target",
    "warnings",
    "snapshot",
    "not_known",
    "notes",
]
STAGE_KEYS = [
    "name", "read", "filtered", "rejected", "held", "valid",
    "uploaded", "already", "failed", "changed", "waiting", "refused", "unknown",
    "batches", "unsettled", "held_back", "gone", "elsewhere", "merged", "corrected",
]  # fmt: skip
NOWHERE = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def sandbox():
    with running_sandbox(token=TOKEN) as client:
        yield client


@pytest.fixture
def clean_sandbox(sandbox):
    sandbox.reset()
    return sandbox


@pytest.fixture(scope="module")
def sample_run(sandbox, tmp_path_factory):
    """The sample shop migrated once: the workspace, and the finished process."""
    sandbox.reset()
    workspace = tmp_path_factory.mktemp("sample") / "work"
    return workspace, etl("run", SAMPLE_MAPPING, "-w", workspace, **target(sandbox.url))


def only_json(done):
    """The one object on standard output; nothing else may be there."""
    assert done.stdout.count("\n") == 1, done.stdout
    return json.loads(done.stdout)


# Exit codes


def test_everything_well_ends_with_0(tmp_path, clean_sandbox):
    mapping = write_shop(tmp_path)
    for arguments in (["check", mapping], ["dry-run", mapping], ["run", mapping], ["preview", mapping]):
        done = etl_by_hand(*arguments, cwd=tmp_path, **target(clean_sandbox.url))
        assert done.returncode == 0, done.stderr


def test_a_rejected_row_ends_with_1_also_when_all_others_arrive(tmp_path, clean_sandbox):
    mapping = write_shop(tmp_path, BAD_ROWS)
    for name in ("dry-run", "run"):
        done = etl(name, mapping, "--json", cwd=tmp_path, **target(clean_sandbox.url))
        assert done.returncode == 1
        assert only_json(done)["stages"][0]["rejected"] == 1
    assert len(clean_sandbox.records("user")) == 2


def test_records_that_omnitron_reports_as_errors_end_with_1(tmp_path, clean_sandbox):
    clean_sandbox.fault("errors", count=1)
    done = etl("run", write_shop(tmp_path), "--json", cwd=tmp_path, **target(clean_sandbox.url))
    assert (done.returncode, only_json(done)["stages"][0]["failed"]) == (1, 1)


@pytest.mark.parametrize("arguments", [["nosuch"], ["check"], ["dry-run", "m.yaml", "--workers", "0"], []])
def test_a_wrong_command_line_ends_with_2(arguments):
    assert etl(*arguments).returncode == 2


def test_a_wrong_mapping_ends_with_2(tmp_path):
    mapping = write_shop(tmp_path, **{"| email": "| emial"})
    for name in ("check", "dry-run", "run", "preview", "test"):
        done = etl(name, mapping, cwd=tmp_path, **NOWHERE)
        assert done.returncode == 2
        assert "unknown function 'emial'; did you mean 'email'?" in done.stdout + done.stderr


def test_a_target_that_is_not_there_ends_with_3(tmp_path):
    done = etl("run", write_shop(tmp_path), cwd=tmp_path, **NOWHERE)
    assert done.returncode == 3
    assert "http://127.0.0.1:1/" in done.stderr


def test_a_target_that_refuses_the_token_ends_with_3(tmp_path, clean_sandbox):
    done = etl("run", write_shop(tmp_path), cwd=tmp_path, **target(clean_sandbox.url, "another-token"))
    assert done.returncode == 3
    assert "another-token" not in done.stdout + done.stderr


def test_an_upload_whose_fate_is_unknown_ends_with_4(tmp_path, clean_sandbox):
    clean_sandbox.fault("drop_after_accept")
    done = etl("run", write_shop(tmp_path), "--json", cwd=tmp_path, **target(clean_sandbox.url))
    assert done.returncode == 4
    assert only_json(done)["ok"] is False


def test_a_run_again_sends_nothing_also_within_the_same_second(tmp_path, clean_sandbox):
    mapping = write_shop(tmp_path)
    runs = [etl("run", mapping, "--json", cwd=tmp_path, **target(clean_sandbox.url)) for _ in range(4)]
    stages = [only_json(done)["stages"][0] for done in runs]
    assert [(one["uploaded"], one["already"]) for one in stages] == [(2, 0), (0, 2), (0, 2), (0, 2)]
    assert len(clean_sandbox.uploads()) == 1


# --json


@pytest.mark.parametrize("name", ["check", "dry-run", "run"])
def test_json_is_one_object_with_the_documented_keys(name, tmp_path, clean_sandbox):
    done = etl(name, write_shop(tmp_path), "--json", cwd=tmp_path, **target(clean_sandbox.url))
    summary = only_json(done)
    assert list(summary) == SUMMARY_KEYS
    assert (summary["migration"], summary["ok"], summary["problems"]) == ("shop", True, [])
    assert [list(stage) for stage in summary["stages"]] == ([STAGE_KEYS] if name != "check" else [])
    assert done.stderr == ""


def test_json_of_check_tells_of_encodings_that_were_found_and_of_what_is_not_known(tmp_path):
    mapping = write_shop(tmp_path, **{"csv: customers.csv": "csv: customers.csv, encoding: detect"})
    with mapping.open("a", encoding="utf-8") as file:
        file.write("lookups:\n  far: { csv: https://shop.invalid/a.csv, key: a, value: b }\n")
    summary = only_json(etl("check", mapping, "--json", cwd=tmp_path))
    encoding, unknown = summary["notes"]
    assert "customers.csv: the encoding is " in encoding
    assert unknown.startswith("not known without a network: the columns of 'far'; ")
    assert summary["not_known"] == ["far"]


WRONG = {
    "no such mapping": (["nosuch.yaml"], {}),
    "an unknown option": (["migration.yaml", "--nosuch"], {}),
    "no mapping at all": ([], {}),
    "a wrong mapping": (["wrong/migration.yaml"], {}),
    "a mapping in another encoding": (["latin.yaml"], {}),
    "a folder without a mapping": (["empty"], {}),
}


@pytest.mark.parametrize("name", ["check", "dry-run", "run", "preview"])
@pytest.mark.parametrize("wrong", WRONG)
def test_json_is_one_object_also_when_something_is_wrong(name, wrong, tmp_path):
    write_shop(tmp_path)
    write_shop(tmp_path / "wrong", **{"name: shop": "nmae: shop"})
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin.yaml").write_bytes("name: ŞÖ".encode("windows-1254"))
    arguments, settings = WRONG[wrong]
    done = etl(name, *arguments, "--json", cwd=tmp_path, **NOWHERE, **settings)
    summary = only_json(done)
    assert list(summary) == SUMMARY_KEYS
    assert (done.returncode, summary["ok"], summary["stages"]) == (2, False, [])
    assert summary["problems"]
    assert "Traceback" not in done.stderr


def test_json_is_one_object_when_the_disk_cannot_be_written(tmp_path):
    (tmp_path / "work").write_text("in the way")
    done = etl("dry-run", write_shop(tmp_path), "--json", cwd=tmp_path)
    assert only_json(done)["problems"] == [f"{tmp_path}/work: is no folder; name one with --workspace"]
    assert done.returncode == 2


def test_ctrl_c_while_the_program_is_loading_is_an_interruption():
    script = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from etl.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert without_traceback(done, 130) == "interrupted\n"


def test_a_disk_that_cannot_take_the_output_is_said():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command("schema"), stdout=full, stderr=-1, text=True, check=False, env=environment())
    assert without_traceback(done, 1) == "No space left on device; make room, then run it again\n"


@pytest.mark.parametrize("arguments", [("demo",), ("dry-run", "migration.yaml")])
def test_a_file_above_the_workspace_is_named(arguments, tmp_path):
    (tmp_path / "file").write_text("in the way")
    write_shop(tmp_path)
    done = etl(*arguments, "-w", "file/work", cwd=tmp_path, **NOWHERE)
    assert without_traceback(done, 2) == "file: is no folder; name one with --workspace\n"
    assert done.stdout == ""


def test_the_page_of_functions_is_of_all_of_them():
    told = without_traceback(etl("functions", "money", "--markdown"), 2)
    assert told == "--markdown is the page of all functions; leave out 'money', or --markdown\n"


def test_json_of_a_preview_has_the_rows(tmp_path):
    done = etl("preview", write_shop(tmp_path), "-n", 1, "--json", cwd=tmp_path, **NOWHERE)
    (row,) = only_json(done)["rows"]
    assert list(row) == ["stage", "source", "row", "place", "fate", "cells", "record", "problems", "feeds"]
    assert (row["source"], row["row"], row["fate"]) == ("customers.csv", 2, "valid")


# What is printed for people


def test_a_mapping_is_named_by_its_file_or_its_folder(tmp_path):
    write_shop(tmp_path / "shop")
    for name in ("shop", "shop/migration.yaml", tmp_path / "shop"):
        assert etl("dry-run", name, cwd=tmp_path).returncode == 0


def test_the_table_of_the_sample_is_the_golden_one(sample_run):
    _, done = sample_run
    shown = re.sub(r"(Package|Report|Target): .*", r"\1: <\1>", done.stdout)
    golden = ROOT / "tests" / "golden" / "summary.txt"
    assert [line.rstrip() for line in shown.splitlines()] == golden.read_text(encoding="utf-8").splitlines()


def test_the_problems_of_the_sample_are_the_golden_ones(sample_run):
    _, done = sample_run
    assert done.stderr == (ROOT / "tests" / "golden" / "problems.txt").read_text(encoding="utf-8")


def people_in(text):
    told = text.lower()
    return sorted(one for one in sample_people() if one in told)


@pytest.mark.parametrize("name", ["dry-run", "preview"])
def test_nobody_of_the_sample_is_named_in_what_is_printed(name, tmp_path):
    more = ["-n", 80] if name == "preview" else ["-w", tmp_path]
    for as_json in ([], ["--json"]):
        done = etl(name, SAMPLE_MAPPING, *more, *as_json)
        assert people_in(done.stdout + done.stderr) == []


def test_nobody_of_the_sample_is_named_by_a_run(sample_run):
    _, done = sample_run
    assert people_in(done.stdout + done.stderr) == []


def test_show_data_shows_who_it_is(tmp_path):
    done = etl("preview", SAMPLE_MAPPING, "--stage", "user", "-n", 1, "--show-data", "--json")
    assert only_json(done)["rows"][0]["record"]["email"] == "test.musteri@example.com"
    done = etl("dry-run", write_shop(tmp_path, BAD_ROWS), "--show-data", cwd=tmp_path)
    assert "'nobody' is not an e-mail address" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_another_encoding_is_no_reason_to_stop(encoding, tmp_path):
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    mapping = write_shop(tmp_path)
    for arguments in (["preview", mapping, "--show-data"], ["functions"], ["schema"], ["dry-run", mapping]):
        done = etl_by_hand(*arguments, cwd=tmp_path, text=False, **settings)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


# Secrets


def everything_in(folder):
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_token_is_nowhere(sample_run):
    workspace, done = sample_run
    [log] = (workspace / "opencart").glob("*/requests.jsonl")
    assert log.stat().st_size > 0
    assert TOKEN.encode() not in everything_in(workspace)
    assert TOKEN not in done.stdout + done.stderr


def test_the_password_of_a_login_is_nowhere(tmp_path, clean_sandbox):
    login = "target: { url: '${OMNITRON_URL}', channel: 1, username: sandbox, password: '${OMNITRON_PASSWORD}' }"
    mapping = write_shop(tmp_path / "shop", target=login)
    for password in ("sandbox", "a-wrong-password"):
        work = tmp_path / f"work-of-{len(password)}"
        settings = target(clean_sandbox.url) | {"OMNITRON_PASSWORD": password}
        done = etl("run", mapping, "-w", work, **settings)
        assert done.returncode == (0 if password == "sandbox" else 3), done.stderr
        assert f'"{password}"'.encode() not in everything_in(work)
        assert "a-wrong-password" not in done.stdout + done.stderr


def test_a_secret_written_in_the_mapping_is_refused_and_not_repeated(tmp_path):
    written = "target: { url: 'https://omnitron.example.com', channel: 1, token: a-token-in-clear }"
    mapping = write_shop(tmp_path, target=written)
    for name in ("check", "dry-run", "run"):
        done = etl(name, mapping, "--json", cwd=tmp_path)
        assert done.returncode == 2
        assert "a-token-in-clear" not in done.stdout + done.stderr
        assert "a secret is written here" in done.stdout


def test_what_a_run_leaves_is_for_its_owner_alone(sample_run):
    workspace, _ = sample_run
    for path in [workspace, *workspace.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


# No traceback


def without_traceback(done, code):
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == code, done.stderr
    return done.stderr


def test_a_source_that_is_missing_or_a_folder_is_named_with_its_place(tmp_path):
    mapping = write_shop(tmp_path, **{"csv: customers.csv": "csv: custmers.csv"})
    told = without_traceback(etl("dry-run", mapping, cwd=tmp_path), 2)
    assert "migration.yaml:6:21: " in told
    assert "did you mean 'customers.csv'?" in told
    write_shop(tmp_path, **{"csv: customers.csv": "csv: folder"})
    (tmp_path / "folder").mkdir()
    assert "is a folder" in without_traceback(etl("dry-run", mapping, cwd=tmp_path), 2)


def test_a_source_in_another_encoding_is_named_with_its_row(tmp_path):
    mapping = write_shop(tmp_path)
    (tmp_path / "customers.csv").write_bytes(GOOD_ROWS.encode("windows-1254"))
    done = etl("dry-run", mapping, cwd=tmp_path)
    told = without_traceback(done, 1)
    assert "customers.csv" in told
    assert "row 2" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_workspace_or_a_mapping_without_permission_is_named(tmp_path):
    mapping = write_shop(tmp_path)
    (tmp_path / "work").mkdir(mode=0o500)
    assert "cannot be written (Permission denied)" in without_traceback(etl("dry-run", mapping, cwd=tmp_path), 2)
    mapping.chmod(0)
    assert "cannot be read" in without_traceback(etl("check", mapping, cwd=tmp_path), 2)


def test_a_workspace_that_cannot_be_made_is_named(tmp_path):
    mapping = write_shop(tmp_path)
    assert "/proc/nosuch: " in without_traceback(etl("dry-run", mapping, "-w", "/proc/nosuch/work"), 1)


@pytest.mark.parametrize("arguments", [["functions"], ["schema"], ["check", "--json"], ["dry-run"], ["preview"]])
def test_a_full_disk_behind_standard_output_is_said(arguments, tmp_path):
    name, *more = arguments
    mapping = [write_shop(tmp_path)] if name in ("check", "dry-run", "preview") else []
    with Path("/dev/full").open("w") as full:
        done = etl_by_hand(name, *mapping, *more, cwd=tmp_path, stdout=full, **NOWHERE)
    assert "No space left on device" in without_traceback(done, 1)


@pytest.mark.parametrize("arguments", [["functions"], ["schema", "order"], ["preview", SAMPLE_MAPPING, "-n", "50"]])
def test_a_reader_that_goes_away_is_no_error_worth_a_word(arguments):
    reading, writing = os.pipe()
    process = subprocess.Popen(command(*arguments), stdout=writing, stderr=subprocess.PIPE, env=environment())
    os.close(writing)
    os.close(reading)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (141, b"")


def test_ctrl_c_ends_the_sandbox_in_peace():
    with subprocess.Popen(command("sandbox", "--port", 0), stdout=-1, stderr=-1, env=environment()) as process:
        assert process.stdout.readline().startswith(b"listening on http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert (process.returncode, told) == (0, b"")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("interruption", ["Ctrl-C", "SIGTERM"])
def test_an_interruption_while_preparing_leaves_nothing_half_done(interruption, workers, tmp_path):
    rows = "".join(f"{n},Name {n},name{n}@example.com\n" for n in range(200_000))
    mapping = write_shop(tmp_path, "id,name,mail\n" + rows)
    packages = tmp_path / "work" / "shop" / "packages"
    process = subprocess.Popen(
        command("dry-run", mapping, "--workers", workers),
        cwd=tmp_path, env=environment(), stdout=-1, stderr=-1, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        while process.poll() is None and not list(packages.glob("*/payloads/user/*.json")):
            pass
        # As in a terminal, Ctrl-C goes to the workers too.
        os.killpg(process.pid, signal.SIGINT) if interruption == "Ctrl-C" else process.terminate()
        printed, told = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, told, printed) == (130, "interrupted\n", "")
    assert list(packages.iterdir()) == []


def test_a_port_that_is_taken_or_does_not_exist_is_said(sandbox):
    taken = sandbox.url.rpartition(":")[2]
    told = without_traceback(etl("sandbox", "--port", taken), 2)
    assert told == f"--port {taken}: another program listens there; stop it, or name another port\n"
    assert "--port" in without_traceback(etl("sandbox", "--port", "99999"), 2)


def test_a_folder_is_printed_as_it_is_called(tmp_path):
    done = etl("dry-run", write_shop(tmp_path), "-w", ":star:[b]", cwd=tmp_path)
    assert "\nPackage: :star:[b]/shop/packages/" in done.stdout


def test_the_workspace_is_the_option_s_else_the_environment_s_else_beside_the_mapping(tmp_path):
    mapping = write_shop(tmp_path / "shop")
    for options, settings, folder in (
        (["-w", "a"], {"ETL_WORKSPACE": "b"}, "a"),
        ([], {"ETL_WORKSPACE": "b"}, "b"),
        ([], {"ETL_WORKSPACE": ""}, f"{tmp_path}/shop/work"),
        ([], {}, f"{tmp_path}/shop/work"),
    ):
        done = etl("dry-run", mapping, *options, cwd=tmp_path, **settings)
        assert f"\nPackage: {folder}/shop/packages/" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch"], "No such command 'nosuch'."),
        (["check"], "Missing argument 'MAPPING'."),
        (["check", "a", "b"], "Got unexpected extra argument (b)"),
        (["check", "a", "--nosuch"], "No such option '--nosuch'."),
        (["dry-run", "a", "--workers"], "Option '--workers' requires an argument."),
        (["dry-run", "a", "--limit", "0"], "Invalid value for '--limit': 0 is not in the range x>=1."),
        (["run", "a", "--engine", "spark"], "Invalid value for '--engine': 'spark' is not one of 'local', 'dask'."),
        (["history", "--key", "1"], "Missing option '--stage'."),
        (["resolve", "x"], "Invalid value for 'BATCH': 'x' is not a valid integer."),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(arguments, told):
    done = etl(*arguments)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (2, "", f"Error: {told}")
    name, *others = arguments
    assert only_json(etl(name, "--json", *others))["problems"] == [told]


# Bars, help, start


def on_a_terminal(*arguments, cwd):
    """What a command writes to a standard error that is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*arguments), cwd=cwd, env=environment(TERM="xterm"), stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        pass  # how Linux says that the other end of a terminal is closed
    printed, _ = process.communicate(timeout=60)
    os.close(ours)
    return printed, seen.decode()


def test_progress_is_shown_on_a_terminal_and_not_in_a_pipe(tmp_path):
    mapping = write_shop(tmp_path)
    printed, seen = on_a_terminal("dry-run", mapping, cwd=tmp_path)
    assert "rows" in seen
    assert "\x1b[" in seen
    assert "\x1b[" not in printed
    done = etl("dry-run", mapping, cwd=tmp_path)
    assert (done.stderr, "\x1b[" in done.stdout) == ("", False)


def test_with_json_there_is_no_progress_even_on_a_terminal(tmp_path):
    printed, seen = on_a_terminal("dry-run", write_shop(tmp_path), "--json", cwd=tmp_path)
    assert seen == ""
    assert json.loads(printed)["ok"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("preview", "."), "user: rows read"),
        (("preview", ".", "--rejected"), "user: rows read"),
        (("inspect", "customers.csv"), "customers: rows read"),
        (("check", ".", "--connect"), "sources opened"),
        (("check", ".", "--data"), "user: rows read"),
    ],
)
def test_what_may_take_long_shows_on_a_terminal_how_far_it_is(words, told, tmp_path):
    write_shop(tmp_path)
    printed, seen = on_a_terminal(*words, cwd=tmp_path)
    assert told in seen
    assert told not in printed
    assert "rows read" not in etl(*words, cwd=tmp_path).stderr


HEAVY = ("jinja2", "requests", "jsonschema", "jsonschema_rs", "rich", "starlette", "sqlite3", "yaml")


def test_help_loads_nothing_heavy():
    script = (
        "import sys, atexit; sys.argv = ['etl', '--help']\n"
        f"atexit.register(lambda: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr))\n"
        "from etl.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def commands():
    from etl.cli.program import app

    return list(app.commands)


@pytest.mark.parametrize("name", commands())
def test_each_command_and_each_of_its_options_says_what_it_is_for(name):
    from etl.cli.program import app

    command = app.commands[name]
    assert command.help
    assert [option.name for option in command.params if not getattr(option, "help", None)] == []


def test_help_of_a_command_is_printed_by_it():
    done = etl("dry-run", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Prepare what `run` would upload, and send nothing." in done.stdout


def test_the_console_script_and_the_module_are_the_same_command():
    script = subprocess.run([sys.executable.replace("python3", "python").rpartition("/")[0] + "/etl", "schema", "user"],
                            capture_output=True, check=False)  # fmt: skip
    assert script.stdout == etl_by_hand("schema", "user", text=False).stdout


def test_functions_and_schema_tell_of_one_or_suggest_another():
    assert etl("functions", "phone").stdout.startswith("phone(")
    assert etl("functions", "fone").stderr == "unknown function 'fone'; did you mean 'phone'?\n"
    assert json.loads(etl("schema").stdout)["title"]
    assert etl("schema", "users").stderr == "unknown schema 'users'; did you mean 'user'?\n"


def test_the_mappings_own_tests_pass_or_say_what_differs(tmp_path):
    own = (
        MAPPING.format(target="") + "tests:\n  - { stage: user, given: { id: '1' }, expect: { customer_code: '2' } }\n"
    )
    write_shop(tmp_path)
    (tmp_path / "migration.yaml").write_text(own, encoding="utf-8")
    done = etl("test", tmp_path)
    assert (done.returncode, done.stderr) == (1, "0 passed, 1 failed\n")
    assert done.stdout.splitlines()[-3:] == ["  customer_code", '    expected "2"', '    actual   "1"']


CLEARS_AWAY = """
import time
from etl.cli import program

def clear_away():
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("clearing away", flush=True)
        time.sleep(60)

program._invoke = clear_away
program.run()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_ends_a_command_at_once_while_it_clears_away(number):
    """Otherwise it would end in a traceback, or not at all."""
    with subprocess.Popen(
        [sys.executable, "-c", CLEARS_AWAY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in ("begun\n", "clearing away\n"):
            assert process.stdout.readline() == line
            process.send_signal(number)
        assert (*process.communicate(timeout=60), process.returncode) == ("", "", -number)


HOLDS = """
import sys
from etl.cli import program
from etl.stop import later

def begin():
    with later():
        print("begun", flush=True)
        print(sys.stdin.readline(), end="", flush=True)
    print("goes on")

program._invoke = begin
program.run()
"""


def holds():
    return subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=-1, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_held_back_until_what_must_be_whole_is_whole_and_a_second_one_is_not(number):
    with holds() as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert (*process.communicate("whole\n", timeout=60), process.returncode) == ("whole\n", "interrupted\n", 130)
    other = signal.SIGTERM if number == signal.SIGINT else signal.SIGINT
    with holds() as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        process.send_signal(other)  # of one and the same, the kernel may make one
        assert process.communicate("whole\n", timeout=60) == ("", "")
    assert -process.returncode in (number, other)


def test_a_command_in_the_background_of_a_shell_that_lets_it_ignore_ctrl_c_goes_on_ignoring_it():
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from etl.cli import program; "
    told = "program._invoke = lambda: print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN); program.run()"
    done = subprocess.run([sys.executable, "-c", code + told], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"
