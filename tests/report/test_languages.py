"""The report and the workbook in Turkish, for a shop's clerks; what an engineer reads on the terminal stays English."""

import json
import re
from html.parser import HTMLParser

import openpyxl
import pytest
from commands import etl, target
from small_migration import CUSTOMERS, MAPPING, ORDERS, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.fix import fix
from etl.commands.settings import Settings
from etl.package import Package
from etl.report.catalogue import Catalogue, catalogue_of
from etl.report.page.render import page

PLAIN = MAPPING.replace("\"{{ email | digest('md5') }}\"", "7ac66c0f148de9519b8bd264312c4d64")


def prepared(folder, **shop):
    return dry_run(write_shop(folder, **shop), Settings(folder / "work", workers=1, language="tr"))


@pytest.fixture(scope="module")
def turkish(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("tr"), mapping=PLAIN)


def report_of(package):
    return json.loads((package.path / "report.json").read_text(encoding="utf-8"))


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

    class Asked(Catalogue):
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
    assert "is already the email of row 2" in done.stdout + done.stderr  # the terminal
    [package] = (tmp_path / "work").glob("*/packages/*")
    assert Package.open(package).manifest.language == "tr"
    again = etl("report", mapping, "-w", tmp_path / "work")
    assert again.returncode == 0
    assert report_of(Package.open(package))["language"] == "tr"
    assert etl("report", mapping, "-w", tmp_path / "work", ETL_LANGUAGE="en").returncode == 0
    assert report_of(Package.open(package))["language"] == "en"


def test_a_language_that_nobody_has_written_is_refused(tmp_path):
    done = etl("report", "--package", tmp_path, "--language", "de")
    assert done.returncode == 2
    assert "'de' is not one of 'en', 'tr'" in done.stderr
