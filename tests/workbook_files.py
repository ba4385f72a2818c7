"""Workbooks written by hand, so that they can hold what no program writes."""

from __future__ import annotations

import struct
import zipfile

XML = "<?xml version='1.0' encoding='UTF-8'?>"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ROOT = (
    f"{XML}<Relationships xmlns='{RELATIONS}'>"
    f"<Relationship Id='rId1' Type='{OFFICE}/officeDocument' Target='{{}}'/></Relationships>"
)


def write_xlsx(path, data, *, texts=None, sheets=(("Sheet1", "visible"),), prefix=""):
    """A workbook of which every sheet has the same `data`: the XML inside of sheetData."""
    p = f"{prefix}:" if prefix else ""
    space = f"xmlns{':' + prefix if prefix else ''}='{MAIN}'"
    listed = "".join(
        f"<{p}sheet name='{name}' sheetId='{n}' state='{state}' r:id='rId{n}'/>"
        for n, (name, state) in enumerate(sheets, 1)
    )
    related = "".join(
        f"<Relationship Id='rId{n}' Type='{OFFICE}/worksheet' Target='worksheets/sheet{n}.xml'/>"
        for n in range(1, len(sheets) + 1)
    )
    if texts is not None:
        related += f"<Relationship Id='rIdT' Type='{OFFICE}/sharedStrings' Target='sharedStrings.xml'/>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", ROOT.format("xl/workbook.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f"{XML}<{p}workbook {space} xmlns:r='{OFFICE}'><{p}sheets>{listed}</{p}sheets></{p}workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f"{XML}<Relationships xmlns='{RELATIONS}'>{related}</Relationships>"
        )
        if texts is not None:
            archive.writestr("xl/sharedStrings.xml", f"{XML}{texts}")
        for n in range(1, len(sheets) + 1):
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f"{XML}<{p}worksheet {space}><{p}sheetData>{data}</{p}sheetData></{p}worksheet>",
            )
    return path


def text(reference, value):
    return f"<c r='{reference}' t='inlineStr'><is><t>{value}</t></is></c>"


def number(reference, value):
    return f"<c r='{reference}'><v>{value}</v></c>"


def row(number, *cells):
    return f"<row r='{number}'>{''.join(cells)}</row>"


# ---- xlsb: records of a number, a length and a content


def record(kind, content=b""):
    head = bytes([kind & 0x7F | (0x80 if kind > 0x7F else 0)]) + (bytes([kind >> 7]) if kind > 0x7F else b"")
    length, sizes = len(content), b""
    while True:
        sizes += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + sizes + content


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_row(row):
    return record(0, struct.pack("<I", row - 1) + bytes(13))


def xlsb_cell(kind, column, content, style=0):
    return record(kind, struct.pack("<II", column - 1, style) + content)


def xlsb_text(column, value):
    return xlsb_cell(6, column, wide(value))


def xlsb_number(column, value):
    return xlsb_cell(5, column, struct.pack("<d", value))


def xlsb_error(column, code):
    return xlsb_cell(3, column, bytes([code]))


def write_xlsb(path, records, *, texts=None, state=0, formats=(), own=(), since_1904=False):
    """`formats`: the number of the format of each style; `own`: numbers and codes of those that are not built in."""
    related = f"<Relationship Id='rId1' Type='{OFFICE}/worksheet' Target='worksheets/sheet1.bin'/>"
    if texts is not None:
        related += f"<Relationship Id='rIdT' Type='{OFFICE}/sharedStrings' Target='sharedStrings.bin'/>"
    if formats:
        related += f"<Relationship Id='rIdS' Type='{OFFICE}/styles' Target='styles.bin'/>"
    sheet = record(156, struct.pack("<II", state, 1) + wide("rId1") + wide("Sheet1"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", ROOT.format("xl/workbook.bin"))
        archive.writestr(
            "xl/_rels/workbook.bin.rels", f"{XML}<Relationships xmlns='{RELATIONS}'>{related}</Relationships>"
        )
        book = record(153, struct.pack("<I", since_1904) + bytes(8))
        archive.writestr("xl/workbook.bin", record(131) + book + record(143) + sheet + record(144) + record(132))
        if texts is not None:
            archive.writestr("xl/sharedStrings.bin", texts)
        if formats:
            styles = b"".join(record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in formats)
            count = record(617, struct.pack("<I", len(formats)))
            codes = b"".join(record(44, struct.pack("<H", number) + wide(code)) for number, code in own)
            codes = record(615, struct.pack("<I", len(own))) + codes + record(616) if own else b""
            archive.writestr("xl/styles.bin", record(278) + codes + count + styles + record(618) + record(279))
        size = record(148, struct.pack("<IIII", 0, 9, 0, 9))
        archive.writestr(
            "xl/worksheets/sheet1.bin", record(129) + size + record(145) + records + record(146) + record(130)
        )
    return path


# ---- ods

SPACES = (
    " ".join(
        f"xmlns:{name}='urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0'"
        for name, urn in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
    )
    + " xmlns:calcext='urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0'"
)


def write_ods(path, *tables, styles="", manifest=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"{XML}<office:document-content {SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body></office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", f"{XML}<manifest>{manifest}</manifest>")
    return path


def ods_table(*rows, name="Sheet1", style=""):
    return f"<table:table table:name='{name}' table:style-name='{style}'>{''.join(rows)}</table:table>"


def ods_row(*cells, repeat=1):
    return f"<table:table-row table:number-rows-repeated='{repeat}'>{''.join(cells)}</table:table-row>"


def ods_text(inner, attributes=""):
    return f"<table:table-cell office:value-type='string' {attributes}><text:p>{inner}</text:p></table:table-cell>"


def ods_cell(kind, value, attributes=""):
    return f"<table:table-cell office:value-type='{kind}' {value} {attributes}/>"
