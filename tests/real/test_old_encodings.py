"""Turkish texts of the days before UTF-8, and UTF-16: every line arrives in the payload with its own letters."""

from __future__ import annotations

import pytest
from real_input import DATA, counts, etl_json, lines, needs, payload_records

pytestmark = needs("encodings")

TEXTS = DATA / "encodings"
HEAD = """
version: 1
name: texts
description: Text files, each line of which is a row
target: { url: "${OMNITRON_URL}", channel: "1", token: "${OMNITRON_TOKEN}" }
"""
SOURCE = '  {name}: {{ csv: "{file}", encoding: {encoding}, delimiter: "\\x01", quote: null, header: [text] }}\n'
STAGE = """
  - name: {name}
    payload: order_item
    from: {name}
    where: "{{{{ text is not none }}}}"
    key: "{{{{ text | digest('sha256') }}}}"
    fields:
      order_number: "1"
      price: 1
      extra_field: {{ text: "{{{{ text }}}}" }}
"""

FILES = [
    ("windows-1254-turkish/_ude_1.txt", "windows-1254", "örgütünün bankası olur mu?"),
    ("windows-1254-turkish/_chromium_windows-1254_with_no_encoding_specified.html", "cp1254", "Saklıbahçe"),
    ("iso-8859-9-turkish/_ude_1.txt", "iso-8859-9", "IŞİD'e savaş ilan etti"),
    ("iso-8859-9-turkish/_ude_2.txt", "iso-8859-9", "Bahçede ürkütücü bir serinlik"),
    ("iso-8859-9-turkish/divxplanet.com.xml", "latin5", "Arctic Air English 1 CD altyazısı"),
    ("iso-8859-9-turkish/subtitle.srt", "iso-8859-9", "Ben senin kralınım."),
    ("iso-8859-9-turkish/wikitop_tr_ISO-8859-9.txt", "iso-8859-9", "Haliç'i de çevreleyecek"),
    ("UTF-16/bom-utf-16-be.srt", "utf-16", "the comment section of YouTube"),
    ("UTF-16/bom-utf-16-le.srt", "utf-16", "the comment section of YouTube"),
    ("UTF-16LE/plane1-utf-16le.html", "utf-16-le", "\U00010313\U00010300\U00010314"),
]


def lines_of(file, encoding):
    """The lines that are not blank, trimmed, as Python decodes the file whole."""
    text = (TEXTS / file).read_bytes().decode(encoding).removeprefix("\ufeff")
    # Not str.splitlines, which knows more ends of a line than a file of rows has.
    ends = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.strip() for line in ends if line.strip()]


def dry_run(folder, files, code):
    """Prepare a mapping with a source and a stage for each file, all of them in one go."""
    sources = "".join(SOURCE.format(name=name, file=TEXTS / file, encoding=one) for name, (file, one) in files.items())
    text = f"{HEAD}sources:\n{sources}stages:\n{''.join(STAGE.format(name=name) for name in files)}"
    return dry_run_of(folder, text, code)


def dry_run_of(folder, text, code):
    (folder / "texts.yaml").write_text(text, encoding="utf-8")
    return etl_json("dry-run", folder / "texts.yaml", "-w", folder / "work", "--workers", 1, code=code)


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """All files at once. Some texts have a line twice, which is a repeated key: a reject, and no fault of the reading."""
    files = {f"file{number}": (file, encoding) for number, (file, encoding, _) in enumerate(FILES)}
    return dry_run(tmp_path_factory.mktemp("texts"), files, code=1)


@pytest.mark.parametrize(("number", "file", "encoding", "sample"), [(n, *one) for n, one in enumerate(FILES)])
def test_every_line_keeps_its_letters(summary, number, file, encoding, sample):
    text = lines_of(file, encoding)
    assert any(sample in line for line in text)
    once = list(dict.fromkeys(text))
    assert [one["extra_field"]["text"] for one in payload_records(summary, f"file{number}")] == once
    rejects = lines(summary, "rejects", f"file{number}")
    assert len(rejects) == len(text) - len(once)
    assert all("is already the key of row" in one["reason"] for one in rejects)


def test_the_wrong_encoding_rejects_the_lines_it_cannot_read_and_drops_none(tmp_path):
    file = "iso-8859-9-turkish/wikitop_tr_ISO-8859-9.txt"
    every = (TEXTS / file).read_bytes().replace(b"\r", b"").split(b"\n")
    rows = [line for line in every if line]
    turkish = [number for number, line in enumerate(every, start=1) if not line.isascii()]
    summary = dry_run(tmp_path, {"text": (file, "utf-8")}, code=1)
    read, filtered, rejected, _, valid = counts(summary)["text"]
    assert (read, rejected, filtered + valid) == (len(rows), len(turkish), len(rows) - len(turkish))
    rejects = lines(summary, "rejects", "text")
    assert [one["row"] for one in rejects] == turkish
    first = (TEXTS / file).read_bytes().index(b"\xdd")
    assert f"offset {first}" in rejects[0]["reason"]


def test_utf_16_without_a_mark_is_read_as_columns(tmp_path):
    file = TEXTS / "UTF-16LE/nobom-utf16le.txt"
    stage = STAGE.format(name="rates").replace("text | digest", "DateTime ~ Bid ~ Ask | digest")
    stage = stage.replace("{{ text }}", "{{ Bid }}").replace("text is not none", "Bid is not none")
    source = f'  rates: {{ csv: "{file}", encoding: utf-16-le }}\n'
    summary = dry_run_of(tmp_path, f"{HEAD}sources:\n{source}stages:\n{stage}", code=0)
    rows = file.read_bytes().decode("utf-16-le").splitlines()[1:]
    bids = [row.split(",")[1] for row in rows if row]
    assert [one["extra_field"]["text"] for one in payload_records(summary, "rates")] == bids
