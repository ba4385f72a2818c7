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
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

import pytest


def _tried(arguments: list[str], said: str, loaded: Path) -> None:
    """In the child: run, and leave the names of the libraries that it took."""
    os.setsid()
    with Path(said).open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    code = pytest.main(arguments)
    loaded.write_text("\n".join(_libraries()), encoding="utf-8")
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


def _libraries() -> list[str]:
    """What is loaded and no part of the tree, whose files change."""
    not_these, tree = _of_plugins(), f"{Path.cwd()}{os.sep}"
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    return [
        name
        for name, file in files.items()
        if file and not file.startswith(tree) and name.partition(".")[0] not in {"__main__", "etl", *not_these}
    ]


def main() -> None:
    loaded = Path(sys.argv[1])
    for line in sys.stdin:
        arguments, said, seconds = json.loads(line)
        child = os.fork()
        if child == 0:
            _tried(arguments, said, loaded)
        print(_ended(child, seconds), flush=True)
        for name in loaded.read_text(encoding="utf-8").split("\n") if loaded.exists() else ():
            with suppress(ImportError):  # some come only with others
                importlib.import_module(name)


if __name__ == "__main__":
    main()
