"""SQL dumps read without a server: mysqldump, mariadb-dump, phpMyAdmin, Adminer, pg_dump (plain), sqlite3's `.dump`.

etl/dumps/text.py        a dump as a stream of bytes, with line numbers: encodings, disguises
etl/dumps/dialect.py     what differs between the dialects, and how a dump tells which it is
etl/dumps/statements.py  where a statement begins and ends, whatever its texts and comments hold
etl/dumps/create.py      CREATE TABLE -> names of columns, and what they hold
etl/dumps/escapes.py     what stands behind backslashes
etl/dumps/ends.py        where an INSERT ends, told quickly; a guess that is looked at
etl/dumps/quick.py       the same rows as insert.py gives, at once, where all of an INSERT is plain
etl/dumps/insert.py      INSERT -> rows of cells
etl/dumps/copy.py        COPY ... FROM stdin -> rows of cells
etl/dumps/keys.py        no key twice, where a database would keep one of two rows
etl/dumps/known.py       what a dump has said so far
etl/dumps/reader.py      the whole: one pass, all tables that are wanted
"""
