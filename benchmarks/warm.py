"""pytest again and again, each time in a fork of a process that has loaded the libraries, but nothing of the tree.

Reads lines of JSON: [arguments, the file for what it says, seconds]. Answers each with what pytest ended with; -9 when it did not
end in time.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

import pytest


def _tried(arguments: list[str], said: str, loaded: Path) -> None:
    """In the child: run, and leave the names of what it took to run."""
    os.setsid()
    with Path(said).open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    code = pytest.main(arguments)
    loaded.write_text("\n".join(sys.modules), encoding="utf-8")
    sys.exit(code)


def _ended(child: int, seconds: float) -> int:
    alarm = threading.Timer(seconds, os.killpg, (child, signal.SIGKILL))
    alarm.start()
    _, status = os.waitpid(child, 0)
    alarm.cancel()
    return os.waitstatus_to_exitcode(status)


def _of_plugins() -> set[str]:
    """What pytest has to load itself, to rewrite the assertions in it."""
    files = (file for entry in entry_points(group="pytest11") if entry.dist for file in entry.dist.files or ())
    return {file.parts[0].removesuffix(".py") for file in files}


def _libraries(names: list[str]) -> Iterator[str]:
    folders, not_these = {Path(path) for path in sys.path if "site-packages" in path}, _of_plugins()
    for name in names:
        top = name.partition(".")[0]
        if top not in not_these and any(
            (folder / top).exists() or (folder / f"{top}.py").exists() for folder in folders
        ):
            yield name


def main() -> None:
    loaded = Path(sys.argv[1])
    for line in sys.stdin:
        arguments, said, seconds = json.loads(line)
        child = os.fork()
        if child == 0:
            _tried(arguments, said, loaded)
        print(_ended(child, seconds), flush=True)
        for name in _libraries(loaded.read_text(encoding="utf-8").split("\n") if loaded.exists() else []):
            with suppress(ImportError):  # some come only with others
                importlib.import_module(name)


if __name__ == "__main__":
    main()
