"""`encoding: detect`: what the bytes of a file say, for every kind of file; and where a declared one is not that."""

import gzip

import pytest
from commands import etl, write_shop
from hypothesis import given
from hypothesis import strategies as st
from tables import open_table

from etl.commands.check import check
from etl.errors import SourceError
from etl.extract import Connections, World, fetched, read_all
from etl.extract import open_table as opened
from etl.extract.detecting import CHUNK, cells_with_letters, detected
from etl.model import Database, Source
from etl.target import Secret

PEOPLE = "id,name,city\n1,Şule Yılmaz,İzmir\n2,Çağrı Gür,Ağrı\n3,Ali Can,Bursa\n"
WESTERN = "id,name\n1,José Müller\n2,Çelik Gör\n"
DUMP = """\
-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `people` (`id` int NOT NULL, `name` varchar(60));
INSERT INTO `people` VALUES (1,'Şule Yılmaz'),(2,'Çağrı Gür');
-- Dump completed
"""


def written(folder, data, name="people.csv"):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (PEOPLE.encode(), "utf-8"),
        (PEOPLE.encode("utf-8-sig"), "utf-8"),
        (PEOPLE.encode("utf-16"), "utf-16"),
        (PEOPLE.encode("utf-16-le"), "utf-16-le"),
        (PEOPLE.encode("utf-16-be"), "utf-16-be"),
        (PEOPLE.encode("utf-32"), "utf-32"),
        (PEOPLE.encode("windows-1254"), "windows-1254"),
        (PEOPLE.encode("iso-8859-9"), "windows-1254"),
        (WESTERN.encode("windows-1252"), "windows-1254"),
        (b"id,name\n1,Ali\n", "utf-8"),
        # The first letter beyond ASCII comes late, and one is cut apart by a piece's end.
        (b"id,name\n" + b"1,a\n" * CHUNK + "2,Şule\n".encode("windows-1254"), "windows-1254"),
        (b"x" * (CHUNK - 1) + "ş".encode(), "utf-8"),
        # A few bytes of a UTF-8 file are damaged: their rows are for the rejects, the others are right.
        (PEOPLE.encode() * 20 + b"4,\xff\xfe,x\n", "utf-8"),
    ],
)
def test_the_bytes_of_a_file_say_its_encoding(tmp_path, data, encoding):
    assert detected(written(tmp_path, data)).encoding == encoding


@given(st.text(st.sampled_from("ĞİŞğışabcçöü ,\n")).map(lambda text: f"Kuş,{text}"))
def test_turkish_text_is_known_in_both_of_its_encodings(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("detect")
    assert detected(written(folder, text.encode("windows-1254"))).encoding == "windows-1254"
    assert detected(written(folder, text.encode("utf-8"))).encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("1,çağrı güneş\n".encode("cp857"), "it may be cp857, of old DOS programs; name it as `encoding`"),
        (
            "1,Şişli Łódź ąę\n".encode("windows-1250"),
            "it may be windows-1250, of Central Europe; name it as `encoding`",
        ),
        (
            "1,Małgorzata Wąsik\n".encode("windows-1250"),
            "it may be windows-1250, of Central Europe; name it as `encoding`",
        ),
        ("1,Braşov, oraşul Iaşi\n".encode("windows-1250"), "it may be windows-1250, of Central Europe"),
        (b"id\n\x8d\x81\x8f\x90\n", "its encoding is neither UTF-8, UTF-16 nor windows-1254; name it as `encoding`"),
    ],
)
def test_what_cannot_be_told_is_asked_for(tmp_path, data, why):
    with pytest.raises(SourceError, match=why):
        detected(written(tmp_path, data))


@pytest.mark.parametrize(
    "text", ["1,Mª José, 5ª planta, Nº 7, £5, ¥9, 3¹\n", "100 m³lük depo, 3 cm³te, Şişli\n", "m³lük\n"]
)
def test_signs_that_stand_beside_a_word_say_nothing_against_turkish(tmp_path, text):
    assert detected(written(tmp_path, text.encode("windows-1254"))).encoding == "windows-1254"


def test_one_odd_sign_among_turkish_letters_changes_nothing(tmp_path):
    data = (PEOPLE + "4,MªCarmen Işık\n").encode("windows-1254")
    assert detected(written(tmp_path, data)).encoding == "windows-1254"


OBJECTS = '{"id": "1", "name": "Şule"}\n{"id": "2", "name": "Işık"}\n'
KINDS = [("csv", PEOPLE), ("jsonl", OBJECTS), ("json", f"[{OBJECTS.replace(chr(10), ',')[:-1]}]")]


@pytest.mark.parametrize(("kind", "text"), KINDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1254"])
def test_every_kind_of_text_file_is_read_in_the_encoding_that_is_found(tmp_path, kind, text, encoding):
    path = written(tmp_path, text.encode(encoding))
    found, declared = (
        [rows.rows for _, rows in read_all(open_table(Source("s", kind, str(path), {"encoding": one})))]
        for one in ("detect", encoding)
    )
    assert found == declared
    assert "Şule" in str(found)


def test_a_compressed_file_is_looked_into(tmp_path):
    path = written(tmp_path, gzip.compress(PEOPLE.encode("windows-1254")), "people.csv.gz")
    table = open_table(Source("s", "csv", str(path), {"encoding": "detect"}))
    assert "Şule Yılmaz" in str([rows.rows for _, rows in read_all(table)])


def database_of(place):
    return Database("shop", Secret(str(place)), str(place), {"encoding": "detect"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1254"])
def test_a_dump_and_a_folder_are_read_in_the_encoding_that_is_found(tmp_path, encoding):
    """Also where the dump says another of itself, as one does that was converted afterwards."""
    dump = written(tmp_path, DUMP.encode(encoding), "shop.sql")
    folder = tmp_path / "shop"
    folder.mkdir()
    written(folder, PEOPLE.encode(encoding))
    for place in (dump, folder):
        source = Source("people", "table", "people", {"database": database_of(place)})
        with Connections() as connections, opened(source, World({}, connections)) as table:
            assert "Çağrı Gür" in str([rows.rows for _, rows in read_all(fetched(table, ("id", "name")))])


def test_check_says_what_was_found_and_shows_three_cells_in_which_nobody_is_named(tmp_path):
    mapping = write_shop(tmp_path, **{"csv: customers.csv": "csv: customers.csv, encoding: detect"})
    rows = "id,name,mail\n1,Şule Yılmaz,a@example.com\n2,Ali,b@example.com\n3,Çağrı Gür,c@example.com\n4,Işık,d@example.com\n"
    (tmp_path / "customers.csv").write_bytes(rows.encode("windows-1254"))
    done = etl("check", mapping, OMNITRON_URL="https://omnitron.example.com", OMNITRON_TOKEN="t")
    assert done.stdout.splitlines()[-1] == (
        f"{mapping}:6:46: note: customers.csv: the encoding is windows-1254 (letters that only Turkish has): "
        "'Ş*** *ı****', 'Ç*ğ*ı *ü*', '*şı*'"
    )
    assert ": no problems" in done.stderr


@pytest.mark.parametrize(
    ("declared", "actual", "warned"),
    [
        (
            "windows-1252",
            "windows-1254",
            "declared as windows-1252, which lacks ğ, ı, ş and İ, and the bytes say windows-1254",
        ),
        ("latin-1", "windows-1254", "declared as latin-1, which lacks ğ, ı, ş and İ, and the bytes say windows-1254"),
        ("windows-1254", "utf-8", "declared as windows-1254, and the bytes say utf-8"),
        ("utf-8", "windows-1254", "declared as utf-8, and the bytes say windows-1254"),
        ("iso-8859-9", "windows-1254", None),
        ("windows-1254", "windows-1254", None),
        ("utf-8", "utf-8", None),
    ],
)
def test_check_warns_where_the_declared_encoding_is_not_what_the_bytes_say(tmp_path, declared, actual, warned):
    mapping = write_shop(tmp_path, **{"csv: customers.csv": f"csv: customers.csv, encoding: {declared}"})
    (tmp_path / "customers.csv").write_bytes("id,name,mail\n1,Şule Işık,a@example.com\n".encode(actual))
    told = [one.what for one in check(mapping).warnings if "encoding" in one.what]
    assert len(told) == (warned is not None)
    if warned:
        assert f"customers.csv: the encoding is {warned}" in told[0]


def test_an_encoding_by_default_is_held_against_the_bytes_too(tmp_path):
    mapping = write_shop(tmp_path)
    (tmp_path / "customers.csv").write_bytes("id,name,mail\n1,Şule Işık,a@example.com\n".encode("windows-1254"))
    assert [str(one) for one in check(mapping).warnings if "encoding" in one.what] == [
        f"{mapping}:6:21: warning: customers.csv: the encoding is declared as utf-8, and the bytes say windows-1254 "
        "(letters that only Turkish has)"
    ]


def test_xml_says_its_own_encoding(tmp_path):
    text = '<?xml version="1.0" encoding="iso-8859-9"?><a><b c="ş"/><b c="ı"/></a>'
    path = written(tmp_path, text.encode("iso-8859-9"), "a.xml")
    table = open_table(Source("s", "xml", str(path), {"encoding": "detect", "path": "a/b"}))
    assert [rows.rows for _, rows in read_all(table)] == [[["ş"], ["ı"]]]


def test_letters_are_shown_and_nothing_that_tells_who_it_is(tmp_path):
    path = written(tmp_path, PEOPLE.encode("windows-1254"))
    assert cells_with_letters(path, "windows-1254") == ["Ş*** *ı****", "İ****", "Ç*ğ*ı *ü*"]
    path = written(tmp_path, WESTERN.encode("windows-1252"))
    assert cells_with_letters(path, "windows-1254") == ["***é *ü****", "Ç**** *ö*"]
