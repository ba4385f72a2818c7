"""The command line as a person uses it: real processes, a small shop of one's own, and the sample shop."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from forking import start

ROOT = Path(__file__).parent.parent
SAMPLE_MAPPING = ROOT / "mappings" / "opencart"
TOKEN = "s3cr3t-token-of-the-command-line-tests"
TARGET_VARIABLES = ("URL", "SHOP_URL", "CHANNEL", "TOKEN", "USERNAME", "PASSWORD")

TARGET = "target: { url: '${OMNITRON_URL}', channel: 1, token: '${OMNITRON_TOKEN}', retries: 0, polling: { interval: 0.01 } }"
MAPPING = """\
version: 1
name: shop
description: A shop of a test
{target}
sources:
  customers: {{ csv: customers.csv }}
stages:
  - name: user
    from: customers
    key: customer_code
    unique: [email]
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: "{{{{ name }}}}"
      last_name: "{{{{ name }}}}"
      email: "{{{{ mail | email }}}}"
      sms_allowed: false
      email_allowed: true
      date_joined: "2020-01-02 03:04:05"
      password: ffffffffffffffffffffffffffffffff
      password_algorithm: md5
"""
GOOD_ROWS = "id,name,mail\n1,Ayşe,ayse@example.com\n2,Ali,ali@example.com\n"
BAD_ROWS = GOOD_ROWS + "3,Umut,nobody\n"


def environment(**settings):
    """The environment of this process, without what a developer may have set for a target of their own."""
    # Without it Python keeps back what goes to no terminal, as it does for most people.
    hidden = {"PYTHONUNBUFFERED", "ETL_WORKSPACE", *(f"OMNITRON_{name}" for name in TARGET_VARIABLES)}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"PYTHONUTF8": "1", "COLUMNS": "120"} | {name: str(value) for name, value in settings.items()}


def target(url, token=TOKEN):
    return {"OMNITRON_URL": url, "OMNITRON_SHOP_URL": url, "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": token}


def command(*arguments):
    return [sys.executable, "-m", "etl", *map(str, arguments)]


def etl(*arguments, cwd=None, text=True, **settings):
    """Run a command to its end, as a process that has its imports behind it; `settings` are environment variables."""
    words = [str(word) for word in arguments]
    process = start(words, environment(**settings), cwd)
    written = process.communicate()
    output, error = (_lines(one) for one in written) if text else written
    return subprocess.CompletedProcess(words, process.wait(), output, error)


def _lines(written):
    return written.decode().replace("\r\n", "\n")


def etl_by_hand(*arguments, cwd=None, text=True, stdout=subprocess.PIPE, **settings):
    """The same from the start of Python on, as a person starts it."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=text,
        encoding="utf-8" if text else None,
        check=False,
        timeout=120,
    )


def write_shop(folder, rows=GOOD_ROWS, target=TARGET, **changes):
    """A mapping and its CSV in `folder`. `changes` replace a piece of the mapping by another."""
    folder.mkdir(parents=True, exist_ok=True)
    text = MAPPING.format(target=target)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    (folder / "customers.csv").write_text(rows, encoding="utf-8")
    return folder / "migration.yaml"


def sample_people():
    """Everything in the sample's customers that tells who somebody is: e-mails, telephones, whole names."""
    found = set()
    with (ROOT / "samples/opencart/customers.csv").open(encoding="windows-1254", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            name = f"{row['firstname'].strip()} {row['lastname'].strip()}"
            found |= {row["email"].strip().lower(), row["telephone"].strip(), name.lower()}
    return {one for one in found if len(one) > 5}
