"""Read the files and commands out of a page, and do what it tells a reader to do.

    <!-- file: NAME -->     the code block that follows is written to NAME
    ```console              `$ ` begins a command, the lines below it are what it prints

A page of docs/ is carried out when it holds the line `<!-- executed by the tests -->`.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from commands import environment

EXECUTED = "<!-- executed by the tests -->"
BLOCK = re.compile(r"(?:^<!-- file: (?P<file>\S+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
DONE = "--- done ---"
DOCUMENTED_PORT = "8765"


@dataclass(frozen=True)
class WriteFile:
    name: str
    text: str


@dataclass(frozen=True)
class Session:
    """Commands of one block, each with what it prints."""

    steps: tuple[tuple[str, str], ...]


def read_page(text):
    for block in BLOCK.finditer(text):
        if block["file"]:
            yield WriteFile(block["file"], block["text"])
        elif block["kind"] == "console":
            yield Session(tuple(commands_of(block["text"])))


def commands_of(text):
    for step in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, output = step.partition("\n")
        yield command, output


def normal(text):
    """Text without what differs from run to run: times, the pace, and the blanks that fill a table's lines."""
    without_times = re.sub(r"\d{8}T\d{6}Z(-\d+)?|\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "<time>", text)
    without_times = re.sub(r"^Pace: \S+ (records? a second)$", r"Pace: <pace> \1", without_times, flags=re.M)
    return "\n".join(line.rstrip() for line in without_times.splitlines()).strip("\n")


class Reader:
    """Somebody who works through a page in an empty folder; `port` replaces the documented one."""

    def __init__(self, folder, scripts, port):
        self.folder, self.port = folder, port
        path = environment()["PATH"]
        self.environment = environment(PATH=f"{scripts}:{path}", COLUMNS="")
        self.background = []

    def write(self, file):
        (self.folder / file.name).write_text(self.adapted(file.text), encoding="utf-8")

    def adapted(self, text):
        return text.replace(DOCUMENTED_PORT, str(self.port))

    def carry_out(self, session):
        """The real output of each command of a block, in one shell, so that `$?` is what it should be."""
        ((first, output), *_) = session.steps
        if first.startswith("etl sandbox"):
            return [self.start(f"{first} --port {self.port}", lines=output.count("\n"))]
        lines = [f"{self.adapted(command)}\nstatus=$?; echo '{DONE}'; (exit $status)" for command, _ in session.steps]
        done = subprocess.run(
            ["bash", "-c", "exec 2>&1\n" + "\n".join(lines)],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, encoding="utf-8", check=False, timeout=120,
        )  # fmt: skip
        return done.stdout.split(f"{DONE}\n")[:-1]

    def start(self, command, lines):
        process = subprocess.Popen(
            f"exec {command}", shell=True, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.background.append(process)
        return "".join(process.stdout.readline() for _ in range(lines))

    def close(self):
        for process in self.background:
            process.terminate()
            process.communicate(timeout=30)
