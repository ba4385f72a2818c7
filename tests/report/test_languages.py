"""The report and the workbook in Turkish, for a shop's clerks. What the terminal says: test_terminal_language.py."""

import ast
import inspect
import json
import re
from html.parser import HTMLParser

import email_validator.syntax
import openpyxl
import pytest
import templates
from commands import etl, target
from load_helpers import TOKEN, Sandbox
from small_migration import CUSTOMERS, MAPPING, ORDERS, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.fix import fix
from etl.commands.settings import Settings
from etl.expressions.functions import contact
from etl.package import Package
from etl.report.catalogue import Catalogue, catalogue_of
from etl.report.page.render import Numbers, page

PLAIN = MAPPING.replace("\"{{ email | digest('md5') }}\"", "ffffffffffffffffffffffffffffffff")


def prepared(folder, **shop):
    return dry_run(write_shop(folder, **shop), Settings(folder / "work", workers=1, language="tr"))


@pytest.fixture(scope="module")
def turkish(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("tr"), mapping=PLAIN)


def report_of(package):
    return json.loads((package.path / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sandbox():
    server = Sandbox()
    yield server
    server.close()


class Words(HTMLParser):
    """What a page says, without cells, which hold what the data says."""

    LEFT_OUT = frozenset({"style", "script", "td", "code", "h1", "h3", "summary"})

    def __init__(self):
        super().__init__()
        self.inside, self.found = [], []

    def handle_starttag(self, tag, attributes):
        if tag in self.LEFT_OUT or dict(attributes).get("scope") == "row":
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, text):
        if not self.inside:
            self.found.append(text)


def test_every_text_of_the_page_is_asked_of_the_language(turkish):
    """Each is put in brackets: a word that stands outside of them was never asked for."""
    asked = []

    class Asked(Catalogue, frozen=True):
        def text(self, words):
            asked.append(re.sub(r"^\[\d+", "[{count}", words).strip("[]"))
            return f"[{words}]"

    read = Words()
    read.feed(page(report_of(turkish), Asked()))
    outside = re.sub(r"\[[^]]*\]", "", " ".join(read.found))
    names = {"shop", "user", "order", "order_item", "migration", "yaml", "omnitron", "etl", "python", "try", "usd"}
    assert set(re.findall(r"[a-z_]{3,}", outside)) <= names
    assert set(asked) <= set(catalogue_of("tr").texts)


def test_the_reasons_in_report_and_workbook_are_turkish(turkish):
    reasons = [one["examples"][0] for one in report_of(turkish)["problems"]]
    assert "'c***@e***' ali@example.com gibi bir e-posta adresi değil" in reasons
    assert report_of(turkish)["language"] == "tr"
    book = openpyxl.load_workbook(turkish.path / "rejects.xlsx")
    assert [cell.value for cell in book["user"][1]][-6:] == ["alan", "neden", "öneri", "satır", "anahtar", "mark"]
    assert [cell.value for cell in book["user"]["H"]][3] == "5 hücresi var, başlıkta 6 sütun var"


def test_the_page_says_its_language_and_writes_numbers_as_that_does(tmp_path):
    turkish = prepared(tmp_path, orders=ORDERS.replace("1.299,90", "1.234.567,89"))
    html = (turkish.path / "report.html").read_text(encoding="utf-8")
    assert '<html lang="tr">' in html
    assert "1.234.567,89" in html
    assert "1,234,567" not in html
    assert "Satırlar nereye gitti" in html


@pytest.mark.parametrize(
    ("share", "english", "turkish"),
    [
        (0, "0 %", "%0"),
        (0.00001, "< 0.01 %", "%< 0,01"),
        (0.0012, "0.12 %", "%0,12"),
        (0.0123, "1.2 %", "%1,2"),
        (0.123, "12 %", "%12"),
        (0.9999, "> 99.9 %", "%> 99,9"),
        (1, "100 %", "%100"),
    ],
)
def test_a_share_is_written_as_a_language_does_and_is_never_said_to_be_nothing_or_all(share, english, turkish):
    assert [Numbers(language).percent(share) for language in ("en", "tr")] == [english, turkish]


def test_a_workbook_in_turkish_is_read_back(tmp_path):
    """Also where a column of the source is called as a heading is, in either language."""
    mapping = write_shop(
        tmp_path,
        mapping=PLAIN.replace("{{ id }}", "{{ anahtar }}").replace("key: id", "key: anahtar"),
        customers=CUSTOMERS.replace("id;", "anahtar;", 1),
    )
    package = dry_run(mapping, Settings(tmp_path / "work", workers=1, language="tr"))
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    [can] = [row for row in book["user"].iter_rows(min_row=2) if row[0].value == "5"]
    heads = [cell.value for cell in book["user"][1]]
    for name, text in (("email", "can@example.com"), ("joined", "28.02.2018 00:00")):
        can[heads.index(name)].value = text
    book.save(tmp_path / "edited.xlsx")
    fixed = fix(mapping, tmp_path / "work", tmp_path / "edited.xlsx")
    assert (len(fixed.cells), fixed.refused, fixed.notes) == (2, (), ())


def test_the_language_is_asked_for_by_option_or_environment_and_stays_with_the_package(tmp_path):
    mapping = write_shop(tmp_path)
    done = etl("dry-run", mapping, "-w", tmp_path / "work", "--language", "tr", **target("http://127.0.0.1:9"))
    assert done.returncode == 1
    assert "zaten 2. satırın email değeri" in done.stderr
    [package] = (tmp_path / "work").glob("*/packages/*")
    assert Package.open(package).manifest.language == "tr"
    again = etl("report", mapping, "-w", tmp_path / "work")
    assert again.returncode == 0
    assert again.stdout.startswith("Report: ")  # the terminal was asked for nothing
    assert report_of(Package.open(package))["language"] == "tr"
    assert etl("report", mapping, "-w", tmp_path / "work", ETL_LANGUAGE="en").returncode == 0
    assert report_of(Package.open(package))["language"] == "en"


def heads_of(package):
    return [cell.value for cell in openpyxl.load_workbook(package.path / "rejects.xlsx")["user"][1]][-6:]


def whole(package):
    """All that the workbook says, without the moment it was made at."""
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    return [[[cell.value for cell in row] for row in sheet] for sheet in book]


def test_the_workbook_is_written_anew_in_the_language_that_is_asked_for_while_nobody_has_edited_it(tmp_path):
    mapping = write_shop(tmp_path, orders=ORDERS.replace(";EUR;", ";USDD;"))
    package = dry_run(mapping, Settings(tmp_path / "work", workers=1))
    before = whole(package)
    assert "USD" in str(before)  # suggested for USDD
    (tmp_path / "orders.csv").unlink()  # the sources are not asked again
    words = ("report", mapping, "-w", tmp_path / "work")
    turkish = etl(*words, "--language", "tr")
    assert f"Çalışma kitabı: {package.path / 'rejects.xlsx'}\n" in turkish.stdout
    assert heads_of(package) == ["alan", "neden", "öneri", "satır", "anahtar", "mark"]
    assert etl(*words, "--language", "tr").stdout.startswith("Rapor: ")
    again = json.loads(etl(*words, "--json").stdout)
    assert (again["workbook"], again["notes"]) == (str(package.path / "rejects.xlsx"), [])
    assert whole(package) == before


@pytest.mark.parametrize("language", ["en", "tr"])
def test_a_workbook_that_is_gone_is_written_anew_and_that_is_said(tmp_path, language):
    mapping = write_shop(tmp_path, orders=ORDERS.replace(";EUR;", ";USDD;"))
    package = dry_run(mapping, Settings(tmp_path / "work", workers=1))
    before = whole(package)
    (package.path / "rejects.xlsx").unlink()
    done = etl("report", mapping, "-w", tmp_path / "work", "--language", language)
    assert f": {package.path / 'rejects.xlsx'}\n" in done.stdout
    assert heads_of(package)[0] == {"en": "field", "tr": "alan"}[language]
    assert (whole(package) == before) is (language == "en")
    assert "USD" in str(whole(package))


@pytest.mark.parametrize("how", ["edited", "open", "older"])
def test_a_workbook_that_somebody_may_have_edited_stays_as_it_is_and_that_is_said(tmp_path, how):
    mapping = write_shop(tmp_path)
    package = dry_run(mapping, Settings(tmp_path / "work", workers=1))
    path = package.path / "rejects.xlsx"
    if how == "edited":
        book = openpyxl.load_workbook(path)
        book["user"]["C2"].value = "can@example.com"
        book.save(path)
    elif how == "open":
        (package.path / ".~lock.rejects.xlsx#").touch()
    else:
        (package.path / "rejects.json").unlink()
    before = path.read_bytes()
    done = etl("report", mapping, "-w", tmp_path / "work", "--language", "tr")
    assert path.read_bytes() == before
    assert done.returncode == 0
    assert done.stdout.startswith("Rapor: ")
    assert done.stderr == (
        f"not: {path}: düzenlenmiş ya da açık olabilir, olduğu gibi kalıyor; `etl fix {mapping} {path} --workspace "
        f"{tmp_path / 'work'}` düzeltilenleri alır, `etl dry-run {mapping} --language tr --workspace {tmp_path / 'work'}` "
        "yenisini yapar\n"
    )


def test_a_language_that_nobody_has_written_is_refused(tmp_path):
    done = etl("report", "--package", tmp_path, "--language", "de")
    assert done.returncode == 2
    assert "'de' is not a language that is spoken here; there are: 'en', 'tr'" in done.stderr


POLLUTED = """\
16;Ece Ak;a(b!@example.com;1;0532 111 22 33;15.03.2019 10:15
17;Can Er;{long}@example.com;1;0532 111 22 34;15.03.2019 10:15
18;Nur Su;nur..su@example.com;1;yok;31.02.2019 10:15
19;Naz Ay;naz@ex_ample.com;1;0532;
20;Suna Er;su@example;1;0532 111 22 36;15.03.2019
21;Efe Öz;efe@example.com;1;0532 111 22 37;15.03.2099 10:15
22;Ali Öz;öz@example.com;1;0532 111 22 37;15.03.2019 10:15
""".format(long="x" * 70)

SENT = PLAIN.replace(
    "target: { batch_size: 7 }",
    "target: { url: '${OMNITRON_URL}', channel: 1, token: '${OMNITRON_TOKEN}', retries: 0, polling: { interval: 0.01 } }",
).replace("{{ email | lower('en') }}", "{{ email | email }}")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, sandbox):
    """The package of a polluted shop in Turkish, whose upload has stopped at a gate."""
    folder = tmp_path_factory.mktemp("polluted")
    mapping = write_shop(folder, mapping=SENT, customers=CUSTOMERS + POLLUTED)
    sandbox.fault("errors", count=1)
    done = etl("run", mapping, "-w", folder / "work", "--language", "tr", **target(sandbox.url, TOKEN))
    assert done.returncode == 1, done
    [package] = (folder / "work").glob("*/packages/*")
    return Package.open(package)


class Told(Words):
    """All that a page says, but for names of rules, fields and values."""

    LEFT_OUT = frozenset({"style", "script", "code", "pre"})


def english():
    """What stands between the parts of the engine's own texts: at least two words, which no data of the test has."""
    for text, _ in templates.all_texts():
        for piece in re.split(r"\{[^}]*\}", text):
            words = piece.strip(" ;:,.'()")
            is_command = words.startswith("--")  # the rest of one, which is typed alike in every language
            if not is_command and len(re.findall(r"[A-Za-z]{2,}", words)) >= 2:
                yield words


def test_no_text_of_the_engine_is_left_in_english_in_a_turkish_report_or_workbook(stopped):
    read = Told()
    read.feed((stopped.path / "report.html").read_text(encoding="utf-8"))
    book = openpyxl.load_workbook(stopped.path / "rejects.xlsx")
    cells = [str(cell.value) for sheet in book for row in sheet for cell in row[-6:] if cell.value]
    told = " ".join([*read.found, *cells])
    same = set(catalogue_of("tr").texts.values()) | set(catalogue_of("tr").sentences.values())
    left = {one for one in english() if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", told)}
    assert {one for one in left if not any(one in each for each in same)} == set()
    assert "Yükleme bitmeden durdu:" in told
    assert "hangileri olduğunu Omnitron söylemiyor" in told


def test_lines_of_what_the_engineer_was_told_are_lines_of_the_page(stopped):
    html = (stopped.path / "report.html").read_text(encoding="utf-8")
    assert "onlarsız sürer<br>  1. parti: " in html
    assert "goes on without them" not in html
    assert "goes on without them\n  batch " in report_of(stopped)["upload"]["error"]
    assert "\\n" not in html.partition("<script>")[0].rpartition("</style>")[2]
    assert report_of(stopped)["upload"]["ended"] == "a stage has more failed records than the mapping allows"


@pytest.mark.parametrize(
    ("fault", "how", "code", "told"),
    [
        (
            "error_before",
            {},
            4,
            "1. parti, 'user' aşamasından {count} kayıt: ulaşmış olabilir, bu yüzden yeniden gönderilmiyor; ulaşıp ulaşmadığına "
            "Omnitron'da bakın, sonra `etl resolve 1 --arrived [MIGRATION_ID]` ya da `etl resolve 1 --lost`\n  baytları: ",
        ),
        (
            "error_before",
            {"status": 400},
            3,
            "1. parti, 'user' aşamasından {count} kayıt: hiçbir kaydı kabul edilmedi; nedenini giderin, sonra `etl resume` aynı "
            "baytları gönderir, `etl run` yenilerini hazırlar\n  baytları: ",
        ),
        (
            "error_before",
            {"status": 429},
            3,
            "1. parti, 'user' aşamasından {count} kayıt: vazgeçildi; hiçbir kaydı ulaşmadı; Omnitron yeniden ulaşılır olunca ",
        ),
    ],
)
def test_what_a_load_ended_in_is_told_in_the_reader_s_language_and_what_omnitron_said_is_not(
    fault, how, code, told, tmp_path, sandbox
):
    mapping = write_shop(tmp_path, mapping=SENT)
    sandbox.fault(fault, **how)
    done = etl("run", mapping, "-w", tmp_path / "work", "--language", "tr", **target(sandbox.url, TOKEN))
    sandbox.clear_faults()
    assert done.returncode == code, done
    [package] = map(Package.open, (tmp_path / "work").glob("*/packages/*"))
    upload = report_of(package)["upload"]
    count = next(one.counts.valid for one in package.stages if one.name == "user")
    assert upload["told"].startswith(told.format(count=count)), upload["told"]
    assert "\n  ne oldu: POST http" in upload["told"]
    assert [one for one in english() if one in upload["told"].partition("ne oldu")[0]] == []
    assert "(see --show-data)" in upload["told"] or "answered" not in upload["told"]
    assert upload["error"].startswith("batch 1, ")
    mapping_file = str(mapping)
    for language, shown in (("tr", upload["told"]), ("en", upload["error"])):
        words = ("report", mapping_file, "-w", tmp_path / "work", "--language", language)
        assert etl(*words, **target(sandbox.url, TOKEN)).returncode == 0
        assert report_of(package)["upload"]["told"] == shown


def test_numbers_in_sentences_are_written_as_the_language_writes_them():
    words, parts = "JSON of {length:,} characters; at most {most:,} are read", {"length": 1_234_567, "most": 1000}
    assert catalogue_of("tr").say(words, parts, masked=False).startswith("1.234.567 karakterlik JSON; en çok 1.000")
    assert catalogue_of("en").say(words, parts, masked=False).startswith("JSON of 1,234,567 characters")


@pytest.mark.parametrize(
    ("words", "named", "told"),
    [
        ("{it} is less than {limit}", "limit", "0 değeri 1 değerinden küçük"),
        ("{it} is more than {limit}", "limit", "0 değeri 1 değerinden büyük"),
        ("{it} is not less than {limit}", "limit", "0 değeri 1 değerinden küçük değil"),
        ("{it} is not more than {limit}", "limit", "0 değeri 1 değerinden büyük değil"),
        ("{it} is not a multiple of {limit}", "limit", "0 değeri 1 değerinin katı değil"),
        ("{it} has more than {places} decimals", "places", "0 değerinde 1 ondalıktan fazlası var"),
    ],
)
def test_no_two_numbers_stand_beside_each_other_in_a_turkish_sentence(words, named, told):
    assert catalogue_of("tr").say(words, {"it": 0, named: 1}, masked=False) == told


FORBIDDEN = re.compile(r"display name|angle bracket|in quotes|in brackets|close quote|IPv|address literal")
"""What the library says of forms of addresses that are not asked for."""


def said_of_addresses():
    """Every sentence of the library, with something in the place of what it fills in."""
    source = ast.parse(inspect.getsource(email_validator.syntax))
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "EmailSyntaxError":
            first = node.args[0].left if isinstance(node.args[0], ast.BinOp) else node.args[0]
            first = first.left if isinstance(first, ast.BinOp) else first
            if isinstance(first, ast.Constant):
                yield str(first.value)
            elif isinstance(first, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else filled(one) for one in first.values)


def filled(part):
    named = {"reason": "(6 characters too many)", "diff": "6", "s": "s"}
    return named.get(ast.unparse(part.value), "Codepoint U+00AD not allowed")


def test_whatever_the_library_of_addresses_says_is_in_every_languages_file():
    told = [one for one in said_of_addresses() if not FORBIDDEN.search(one)]
    assert len(told) > 20
    details = [contact._refused("x", one).parts["detail"] for one in told]
    assert sorted({str(one) for one in details} - set(contact.DETAILS)) == []
