"""The walk-through of docs/mending.md, carried out: its commands in order, and what it tells people to type into the workbook."""

import re
import shlex
import shutil

import openpyxl
from commands import ROOT, etl

PAGE = (ROOT / "docs" / "mending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
TYPED = re.compile(r"^\| `(\w+)` \| `(\w+) (\w+)` \| `(\w+)` \| `([^`]*)` \|$", re.MULTILINE)


def commands():
    """Each command of the page with the lines that are shown below it; what is only shown belongs to the one before."""
    found = []
    for line in "".join(BLOCK.findall(PAGE)).splitlines():
        if line.startswith("$ "):
            found.append((shlex.split(line[2:]), []))
        else:
            found[-1][1].append(line)
    return found


def type_into(book):
    """What a person does between two commands."""
    for sheet, column, key, name, text in TYPED.findall(PAGE):
        head, *rows = list(book[sheet].iter_rows())
        names = [cell.value for cell in head]
        row = next(row for row in rows if row[names.index(column)].value == key)
        row[names.index(name)].value = text


def carried_out(words, folder):
    """What a command has written."""
    if words[0] == "etl":
        done = etl(*words[1:], cwd=folder)
        return done.stdout + done.stderr
    if words[0] == "cp":
        (source,) = folder.glob(words[1])
        shutil.copyfile(source, folder / words[2])
        book = openpyxl.load_workbook(folder / words[2])
        type_into(book)
        book.save(folder / words[2])
        return ""
    old, new = re.fullmatch(r"s/(.*)/(.*)/", words[2]).groups()
    path = folder / words[3]
    text = path.read_bytes()
    assert old.encode() in text
    path.write_bytes(text.replace(old.encode(), new.encode()))
    return ""


def test_the_walk_through_is_as_the_page_says(tmp_path):
    for name in ("mappings/opencart", "mappings/common", "samples/opencart"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".env", "*.py", "__pycache__", "work")
        )
    assert len(TYPED.findall(PAGE)) == 9
    for words, shown in commands():
        written = carried_out(words, tmp_path).replace(str(tmp_path), "/home/ayse/shop")
        lines = [line.rstrip() for line in written.splitlines()]
        missing = [line for line in shown if not any(one.startswith(line) for one in lines)]
        assert not missing, (words, missing, lines)
