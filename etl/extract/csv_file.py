"""The kind `csv`: a text file of cells, with a header or without."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from etl.errors import SourceError
from etl.expressions.cells import tidy
from etl.extract.columns import column_names
from etl.extract.csv_format import ESCAPED_NULL, CsvFormat
from etl.extract.csv_part import CsvPart, record_start
from etl.extract.csv_records import Lines, read_records
from etl.extract.csv_stream import StreamedTable
from etl.extract.cuts import WINDOW, part_size, ranges, sample
from etl.extract.detecting import encoding_of
from etl.extract.kinds import (
    COUNTERS,
    ENCODING,
    NORMALIZE,
    TRIM,
    Kind,
    Option,
    OptionValues,
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
from etl.extract.reach import reached
from etl.extract.rows import BLANK, ReadRow
from etl.findings import Unfit
from etl.model import Part, Table
from etl.suggest import look_like_data

OTHER_DELIMITERS = (";", "\t", "|", ",")


class CsvTable(Struct, frozen=True):
    """A CSV file that can be cut: its data are the bytes from `begin` to `end`."""

    path: File
    header: tuple[str, ...]
    first_row: int
    begin: int
    end: int
    format: CsvFormat
    text_only: bool = True

    def parts(self, rows: int) -> Iterator[Part]:
        return self.byte_parts(part_size(rows, bytes_a_row(sample(self.path, self.begin), self.format)))

    def byte_parts(self, size: int) -> Iterator[Part]:
        """Parts of about `size` bytes."""
        for start, stop in ranges(self.path, self.begin, self.end, size, lambda data: record_start(data, self.format)):
            yield CsvPart(self.path, start, stop, self.format, reached(stop, self.begin, self.end))


def bytes_a_row(data: bytes, format: CsvFormat) -> float:
    """About how long a row is, by the first bytes of the data."""
    lines = Lines(iter((data,)), 0, format)
    return max(1, len(data)) / max(1, sum(1 for _ in read_records(lines, format)))


def open_csv(location: str, settings: OptionValues) -> Table:
    path = existing_file(location, may_be_empty=bool(settings["header"]))
    format = _format({**settings, "encoding": encoding_of(path, settings["encoding"])})
    if is_compressed(path) or not cuttable(format.encoding):
        return _open_streamed(path, format, settings)
    begin = text_start(path, format.encoding)
    with reading(path):
        top = begin_table(_lines_from(path, begin, format), path, format, settings["header"])
    format = replace(format, width=len(top.names))
    return CsvTable(path, top.names, top.first_row, top.end, size_of(path), format)


def _format(settings: OptionValues) -> CsvFormat:
    delimiter, quote, escape = settings["delimiter"], settings["quote"], settings["escape"]
    if delimiter == quote:
        raise ValueError(f"delimiter and quote are both {quote!r}; they have to differ")
    if escape is not None and escape == quote:
        raise ValueError(f"escape and quote are both {quote!r}; a doubled quote is read without `escape`, leave it out")
    if escape == delimiter:
        raise ValueError(f"escape and delimiter are both {escape!r}; they have to differ")
    nulls = {ESCAPED_NULL if escape and mark == f"{escape}N" else mark for mark in settings["nulls"]}
    return CsvFormat(settings["encoding"], delimiter, quote, escape, frozenset(nulls), settings["trim"])


def _lines_from(path: File, begin: int, format: CsvFormat) -> Lines:
    return Lines(_chunks_from(path, begin), begin, format)


def _chunks_from(path: File, begin: int) -> Iterator[bytes]:
    with reading(path), path.open("rb") as file:
        file.seek(begin)
        while chunk := file.read(1 << 16):
            yield chunk


class Top(Struct, frozen=True):
    """What stands above a file's data: the columns' names; where the data begin, and the number of their first row."""

    names: tuple[str, ...]
    end: int
    first_row: int


def begin_table(lines: Lines, path: File, format: CsvFormat, names: tuple[str, ...] | None) -> Top:
    """Read what stands above the data. `names` is the header of a file that has none."""
    if names:
        begin = lines.position
        _check_no_header(path, names, next(read_records(lines, format), BLANK))
        return Top(_named(path, names), begin, 1)
    records = enumerate(read_records(lines, format), start=1)
    nothing: ReadRow = [], Unfit("row:blank", None, "there are only blank lines")
    row, (cells, reason) = next((one for one in records if one[1] is not BLANK), (1, nothing))
    if reason is not None:
        raise SourceError(f"{path} row {row}, which has to be the header: {reason}")
    names = tuple(map(str, cells))
    _check_delimiter(path, row, names, format)
    return Top(_named(path, names, row), lines.position, row + 1)


def _check_no_header(path: File, names: tuple[str, ...], first: ReadRow) -> None:
    """A file that has a header line, whose names are given all the same: the line would be taken for a row."""
    if [tidy(str(cell)).casefold() for cell in first[0]] == [tidy(name).casefold() for name in names]:
        raise SourceError(
            f"{path} row 1: holds the names that `header` gives; leave `header` out, the file has a header line"
        )


def _named(path: File, cells: tuple[str, ...], row: int = 1) -> tuple[str, ...]:
    try:
        return column_names(cells)
    except ValueError as error:
        raise SourceError(f"{path} row {row}: {error}") from None


def _check_delimiter(path: File, row: int, cells: tuple[str, ...], format: CsvFormat) -> None:
    """A header that is one cell with another delimiter in it was cut with the wrong one."""
    other = next((one for one in OTHER_DELIMITERS if one in cells[0] and one != format.delimiter), None)
    if len(cells) == 1 and other:
        shown = "" if look_like_data(cells) else f", '{cells[0][:60]}'"
        raise SourceError(
            f"{path} row {row}: with the delimiter {format.delimiter!r} the header is one column{shown}; "
            f"write `delimiter: {_as_yaml(other)}`?"
        )


def _as_yaml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def _open_streamed(path: File, format: CsvFormat, settings: OptionValues) -> Table:
    """A compressed file, or one in an encoding whose newlines cannot be found among the bytes."""
    encoding = format.encoding
    format = replace(format, encoding=chunk_encoding(encoding))
    with reading(path):
        top = begin_table(Lines(text_chunks(path, encoding), 0, format), path, format, settings["header"])
        first = next(text_chunks(path, encoding), b"")[top.end :][:WINDOW]
    format = replace(format, width=len(top.names))
    return StreamedTable(path, encoding, top.names, top.first_row, top.end, bytes_a_row(first, format), format)


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
        Option(
            "escape",
            "the character that takes the meaning from the one after it, for files that do not double their quotes. "
            "\\n, \\r and \\t are control characters then, and a cell of \\N alone stays one. Default: none.",
            one_character_or_none,
            {"type": ["string", "null"], "examples": ["\\"]},
        ),
        column_names_option(
            "the columns' names in their order, for a file that has no header line: its first line is a row then."
        ),
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
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "is empty, without even a header": "the export was cut off; export it again",
        "holds a NUL character": "it is UTF-16 without a mark, or no text: `encoding: detect`, or look at it in an editor",
        "are both named": "two columns have one name; rename one in the file, or list the names in `header`",
    },
    examples=("customers.csv", "${EXPORTS}/orders.csv.gz"),
    text_only=True,
)
