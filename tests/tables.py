"""A source's table for tests of files, whose tables hold nothing open."""

from etl import extract


def open_table(source, world=extract.ALONE):
    with extract.open_table(source, world) as table:
        return table
