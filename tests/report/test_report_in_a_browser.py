"""The report's page in a real browser: sorting, filtering, the keyboard, a phone, paper, and that nothing in it runs."""

import json
from contextlib import contextmanager
from decimal import Decimal

import pytest
from browsing import browser
from commands import ROOT
from small_migration import ORDERS, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.report.catalogue import catalogue_of
from etl.report.page.render import page as rendered

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    package = dry_run(ROOT / "mappings" / "opencart" / "migration.yaml", Settings(folder, workers=1))
    return package.path / "report.html"


@contextmanager
def opened(chromium, path, viewport=DESKTOP, **how):
    """The page, which must not say a word in the console, ask for anything, or open a dialog."""
    context = chromium.new_context(viewport=viewport, **how)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: said.append(request.url) if request.url != path.as_uri() else None)
    page.goto(path.as_uri())
    yield page
    assert said == []
    context.close()


def column(page, table, number):
    return page.locator(f"#{table} tbody tr:visible td:nth-child({number})").all_inner_texts()


def test_a_table_is_sorted_by_any_column_and_back(chromium, sample):
    with opened(chromium, sample) as page:
        head = page.locator("#kinds thead th").nth(3)
        head.get_by_role("button").click()
        counts = [int(one.replace(",", "")) for one in column(page, "kinds", 4)]
        assert counts == sorted(counts, reverse=True)
        assert len(set(counts)) > 3
        assert head.get_attribute("aria-sort") == "descending"
        head.get_by_role("button").click()
        assert [int(one.replace(",", "")) for one in column(page, "kinds", 4)] == sorted(counts)
        page.locator("#kinds thead th").nth(2).get_by_role("button").press("Enter")
        fields = column(page, "kinds", 3)
        assert fields == sorted(fields)
        assert head.get_attribute("aria-sort") is None


def test_a_table_is_filtered_by_all_words_that_are_typed(chromium, sample):
    with opened(chromium, sample) as page:
        everything = len(column(page, "kinds", 1))
        page.locator("input[data-filter=kinds]").fill("ADDRESS city")
        assert set(column(page, "kinds", 1)) == {"address"}
        assert 0 < len(column(page, "kinds", 1)) < everything
        assert page.locator("output[data-shown=kinds]").inner_text().endswith(f"/ {everything}")
        page.locator("input[data-filter=kinds]").fill("")
        assert len(column(page, "kinds", 1)) == everything


def test_every_table_that_is_longer_than_a_few_rows_is_filtered_and_every_long_one_is_sorted(chromium, sample):
    with opened(chromium, sample) as page:
        long = page.evaluate(LONG_TABLES)
        assert {"kinds", "every-parent", "amounts-1-month", "amounts-1-rows"} <= {one["id"] for one in long}
        assert [one for one in long if not (one["sorted"] and one["filtered"])] == []
        assert page.locator("#stages thead button").count() == page.locator("#stages thead th").count()
        page.locator("summary", has_text="By month").first.click()
        months = len(page.locator("#amounts-1-month tbody tr:visible").all())
        page.locator("input[data-filter=amounts-1-month]").fill("2019-0")
        shown = page.locator("#amounts-1-month tbody tr:visible").all_inner_texts()
        assert all("2019-0" in one for one in shown)
        assert 0 < len(shown) < months


LONG_TABLES = """() => [...document.querySelectorAll("table")].filter((one) => one.tBodies[0].rows.length > 5).map((one) => ({
  id: one.id, sorted: one.querySelectorAll("thead th button").length === one.tHead.rows[0].cells.length,
  filtered: one.id !== "" && document.querySelectorAll(`input[data-filter="${one.id}"]`).length === 1}))"""


def test_the_table_of_rows_is_sorted_by_numbers_however_they_are_written(chromium, sample):
    with opened(chromium, sample) as page:
        page.locator("#stages thead th").nth(1).get_by_role("button").click()
        counts = [int(one.replace(",", "")) for one in column(page, "stages", 2)]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > 1000 > counts[1]


def test_a_keyboard_alone_comes_past_the_head_and_to_a_section(chromium, sample):
    with opened(chromium, sample) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        link = page.get_by_role("navigation").get_by_role("link", name="Money")
        link.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#money"
        page.locator("#columns a").first.press("Enter")
        assert page.evaluate("location.hash").startswith("#field-")
        assert page.locator(page.evaluate("location.hash")).is_visible()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, {"width": 320, "height": 640}])
def test_no_page_is_wider_than_its_screen(chromium, sample, viewport):
    with opened(chromium, sample, viewport) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize("width", [320, 360, 700, 1100])
def test_no_number_of_the_tiles_breaks_in_two_lines_however_long_it_is(chromium, sample, tmp_path, width):
    report = json.loads(sample.with_name("report.json").read_text(encoding="utf-8"))
    money = next(one for one in report["money"] if one["field"] == "amount")
    line = {**money["totals"][0], **dict.fromkeys(("payload", "rejected", "held", "repeated", "rounded"), 0)}
    sums = (Decimal(one) for one in ("12730.774", "880544.79", "9009999998733.4643"))
    few = {**line, "currency": "few", "source": 9_009_999_998_733, "filtered": 2, "differs": -880544.79}
    money["totals"] = [
        few,
        *({**line, "currency": f"c{at}", "source": one, "filtered": one} for at, one in enumerate(sums)),
    ]
    report["stages"][0]["read"] += 12_000_000
    (tmp_path / "report.html").write_text(rendered(report, catalogue_of("tr")), encoding="utf-8")
    with opened(chromium, tmp_path / "report.html", {"width": width, "height": 900}) as page:
        tiles = page.evaluate(LINES_OF_TILES)
        assert "9.009.999.998.733,4643" in [one["text"] for one in tiles]
        assert [one for one in tiles if one["lines"] > 1 or one["beyond"] > 0] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


LINES_OF_TILES = """() => [...document.querySelectorAll(".tiles dd, .tiles small")].map((one) => {
  const text = [...one.childNodes].find((node) => node.nodeType === 3), range = document.createRange();
  range.selectNode(text);
  return {text: text.data.trim(), lines: range.getClientRects().length, beyond: one.scrollWidth - one.clientWidth};
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_what_is_behind_them(chromium, sample, scheme):
    """Of every colour that letters have: 4.5 to 1, as WCAG asks for (AA)."""
    with opened(chromium, sample, color_scheme=scheme) as page:
        ratios = page.evaluate(CONTRASTS)
        assert len(ratios) > 5
        assert min(ratios.values()) >= 4.5, ratios


CONTRASTS = """() => {
  const light = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const read = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const found = {};
  for (const one of document.querySelectorAll("main *, header *")) {
    if (one.closest("svg") || ![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    let behind = one;
    while (behind && /, 0\\)$/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const [front, back] = [getComputedStyle(one).color, getComputedStyle(behind ?? document.body).backgroundColor];
    const [a, b] = [light(read(front)), light(read(back))];
    found[`${front} on ${back}`] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return found;
}"""


def test_it_prints_on_paper(chromium, sample):
    with opened(chromium, sample) as page:
        page.emulate_media(media="print")
        assert not page.get_by_role("navigation").is_visible()
        assert page.locator("#kinds").is_visible()
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_its_script_everything_is_there_and_nothing_is_a_dead_button(chromium, sample):
    with opened(chromium, sample, java_script_enabled=False) as page:
        assert page.locator("#kinds tbody tr").count() > 10
        assert page.locator("button").count() == 0


def test_names_that_are_markup_run_nothing_in_the_page(chromium, tmp_path):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    orders = ORDERS.replace("ten;EUR", f'1;"{hostile}"')
    assert orders != ORDERS
    package = dry_run(write_shop(tmp_path, orders=orders), Settings(tmp_path / "work", workers=1, show_data=True))
    with opened(chromium, package.path / "report.html") as page:
        assert hostile in page.locator("#kinds").text_content()
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 1
