"""The kind `csv`: a text file of cells, with a header or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from etl.errors import SourceError
from etl.extract.columns import column_names
from etl.extract.csv_part import CsvPart, record_start
from etl.extract.csv_records import CsvFormat, Lines, read_records
from etl.extract.cuts import part_size, ranges, sample
from etl.extract.kinds import (
    ENCODING,
    TRIM,
    Kind,
    Option,
    Settings,
    column_names_option,
    holding_nothing,
    one_character,
    one_character_or_none,
    texts,
)
from etl.extract.locations import File, size_of
from etl.extract.opening import (
    chunk_encoding,
    cuttable,
    existing_file,
    is_compressed,
    reading,
    text_chunks,
    text_start,
)
from etl.extract.rows import Record, SequentialTable
from etl.model import Part, Table

OTHER_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV file that can be cut: its data are the bytes from `begin` to `end`."""

    path: File
    header: tuple[str, ...]
    first_row: int
    begin: int
    end: int
    format: CsvFormat
    text_only: bool = True

    def parts(self, rows: int) -> Iterator[Part]:
        return self.byte_parts(part_size(rows, self._bytes_a_row()))

    def _bytes_a_row(self) -> float:
        data = sample(self.path, self.begin)
        lines = Lines(iter((data,)), 0, self.format)
        return len(data) / max(1, sum(1 for _ in read_records(lines, self.format)))

    def byte_parts(self, size: int) -> Iterator[Part]:
        """Parts of about `size` bytes."""
        for start, stop in ranges(self.path, self.begin, self.end, size, lambda data: record_start(data, self.format)):
            yield CsvPart(self.path, start, stop, self.format)


def open_csv(location: str, settings: Settings) -> Table:
    path = existing_file(location)
    format = _format(settings)
    if is_compressed(path) or not cuttable(format.encoding):
        return _open_sequential(path, format, settings)
    begin = text_start(path, format.encoding)
    header, data_begin = begin_table(_lines_from(path, begin, format), path, format, settings["header"])
    format = replace(format, width=len(header))
    first_row = 1 if settings["header"] else 2
    return CsvTable(path, header, first_row, data_begin, size_of(path), format)


def _format(settings: Settings) -> CsvFormat:
    if settings["delimiter"] == settings["quote"]:
        raise ValueError(f"delimiter and quote are both {settings['quote']!r}; they have to differ")
    return CsvFormat(settings["encoding"], settings["delimiter"], settings["quote"], frozenset(settings["nulls"]))


def _lines_from(path: File, begin: int, format: CsvFormat) -> Lines:
    return Lines(_chunks_from(path, begin), begin, format)


def _chunks_from(path: File, begin: int) -> Iterator[bytes]:
    with reading(path), path.open("rb") as file:
        file.seek(begin)
        while chunk := file.read(1 << 16):
            yield chunk


def begin_table(
    lines: Lines, path: File, format: CsvFormat, names: tuple[str, ...] | None
) -> tuple[tuple[str, ...], int]:
    """The header, and the byte its data begin at. `names` is the header of a file that has none."""
    start = lines.position
    if names:
        return _named(path, names), start
    cells, reason = next(read_records(lines, format), ([], "there are only blank lines"))
    if reason:
        raise SourceError(f"{path} row 1, which has to be the header: {reason}")
    names = tuple(map(str, cells))
    _check_delimiter(path, names, format)
    return _named(path, names), lines.position


def _named(path: File, cells: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return column_names(cells)
    except ValueError as error:
        raise SourceError(f"{path} row 1: {error}") from None


def _check_delimiter(path: File, cells: tuple[str, ...], format: CsvFormat) -> None:
    """A header that is one cell with another delimiter in it was cut with the wrong one."""
    other = next((one for one in OTHER_DELIMITERS if one in cells[0] and one != format.delimiter), None)
    if len(cells) == 1 and other:
        raise SourceError(
            f"{path} row 1: with the delimiter {format.delimiter!r} the header is one column, '{cells[0][:60]}'; "
            f"write `delimiter: {_as_yaml(other)}`?"
        )


def _as_yaml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def _open_sequential(path: File, format: CsvFormat, settings: Settings) -> Table:
    """A compressed file, or one in an encoding whose newlines cannot be found among the bytes."""
    encoding = format.encoding
    format = replace(format, encoding=chunk_encoding(encoding))
    names = settings["header"]
    header, _ = begin_table(Lines(text_chunks(path, encoding), 0, format), path, format, names)
    wide = replace(format, width=len(header))

    def records() -> Iterator[Record]:
        lines = Lines(text_chunks(path, encoding), 0, wide)
        begin_table(lines, path, format, names)
        return read_records(lines, wide)

    return SequentialTable(header, 1 if names else 2, records, text_only=True)


CSV = Kind(
    "csv",
    "A file of delimited text, with a header line. It may be compressed (.gz, .bz2, .xz).",
    holding_nothing(open_csv),
    (
        ENCODING,
        Option(
            "delimiter",
            "the character between cells. Default: a comma.",
            one_character,
            {"type": "string", "examples": [";", "\t"]},
            ",",
        ),
        Option(
            "quote",
            "the character around cells that hold a delimiter or a line break; null where there is none. "
            "Default: a double quote.",
            one_character_or_none,
            {"type": ["string", "null"], "examples": ['"', "'", None]},
            '"',
        ),
        column_names_option("the columns' names, for a file that has no header line."),
        Option(
            "nulls",
            "the texts that mean null, beside a blank cell.",
            texts,
            {
                "type": ["string", "array"],
                "items": {"type": "string", "examples": ["NULL"], "description": "A text that means null."},
                "minItems": 1,
                "examples": [["NULL", "\\N"], "NULL"],
            },
            (),
        ),
        TRIM,
    ),
    examples=("customers.csv", "${EXPORTS}/orders.csv.gz"),
)
