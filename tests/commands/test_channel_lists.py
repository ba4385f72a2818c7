"""The channel's lists: pulled, held against a mapping, looked into by `place`, and what is on none of them reviewed."""

import csv
import io
import json
import stat
from os.path import relpath
from pathlib import Path

import orjson
import pytest
from commands import etl
from load_helpers import TOKEN, scripted
from openpyxl import load_workbook
from servers import SERVERS, served_by
from some_places import some_lists

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.lists import kept_lists
from etl.commands.review import review
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.expressions.functions.country import code_of
from etl.geography import lists_bytes, read_lists
from etl.mapping import load_mapping

URL = "https://omnitron.invalid"
MAPPING = """\
version: 1
name: shop
target: { url: "URL", channel: 1, token: "${OMNITRON_TOKEN}", retries: 2, retry_wait: 0.01 }
sources:
  addresses: { csv: addresses.csv }
geography: { country: Türkiye }
stages:
  - name: address
    from: addresses
    key: "{{ id }}"
    fields:
      customer_code: "{{ id }}"
      first_name: A
      last_name: B
      email: a@example.com
      line: "{{ id }}"
      country: "{{ country | place('country') }}"
      city: "{{ zone | place('city', country=country, township=town, district=quarter) }}"
      township: "{{ town | place('township', country=country, city=zone, district=quarter) }}"
      district: "{{ quarter | place('district', country=country, city=zone, township=town) }}"
"""
ROWS = """\
id,country,zone,town,quarter
1,TR,ISTANBUL,KADIKOY,caferaga mah.
2,,Kadıköy / İstanbul,,
3,Turkey,Kadıköy,İstanbul,
4,,,Üsküdar,

5,,İçel,Tarsus,
6,Germany,Köln,Nippes,
7,,Konya,Meramm,
8,,KONYA,MERAMM,
9,,Ankara,Kadıköy,
10,,,Ereğli,
"""


@pytest.fixture
def shop(tmp_path):
    """A mapping whose channel's lists are kept as `etl channel pull` leaves them."""
    return write_shop(tmp_path)


def write_shop(folder, mapping=MAPPING, rows=ROWS, lists=None, url=URL):
    (folder / "addresses.csv").write_text(rows, encoding="utf-8")
    (folder / "migration.yaml").write_text(mapping.replace("URL", url), encoding="utf-8")
    file = folder / "work/shop/channel/https_omnitron.invalid_channel_1.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(lists_bytes(url, "1", "2026-01-02T03:04:05+00:00", lists or some_lists()))
    return folder / "migration.yaml"


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)


def prepared(mapping, **how):
    return dry_run(mapping, Settings(mapping.parent / "work", **{"workers": 1, **how}))


def addresses(package):
    return {
        record["customer_code"]: [record[name] for name in ("country", "city", "township", "district")]
        for one in package.walk(package.stage("address"))
        for record in [orjson.loads(one.data)]
    }


def problems(mapping, kind="problems"):
    return [one.what for one in getattr(check(mapping), kind)]


# Pulling


@pytest.fixture(scope="module", params=SERVERS)
def channel(request):
    with served_by(request.param) as one:
        yield one


def pull(folder, url, *more):
    folder.mkdir(exist_ok=True)
    (folder / "migration.yaml").write_text(MAPPING.replace("URL", url), encoding="utf-8")
    (folder / "addresses.csv").write_text(ROWS, encoding="utf-8")
    return etl("channel", "pull", folder, *more, OMNITRON_TOKEN=TOKEN)


def kept(folder):
    [file] = (folder / "work/shop/channel").glob("*.json")
    return file


def test_all_lists_are_pulled_to_their_last_page_and_kept_with_address_and_time(tmp_path, channel):
    done = pull(tmp_path, channel.url, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    lists = read_lists(kept(tmp_path))
    assert said == {
        "address": channel.url,
        "channel": "1",
        "taken": lists.taken,
        "counts": lists.counts,
        "file": str(kept(tmp_path)),
    }
    assert list(lists.counts) == ["countries", "cities", "townships", "districts", "cargos"]
    assert "yurtici" in lists.carriers
    assert lists.taken.startswith("20")
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept(tmp_path).parent.iterdir()} == {0o600}
    assert stat.S_IMODE(kept(tmp_path).parent.stat().st_mode) == 0o700
    assert TOKEN not in (kept(tmp_path).parent / "requests.jsonl").read_text(encoding="utf-8")


def test_the_stand_in_has_all_provinces_townships_and_countries(tmp_path, stand_in):
    pull(tmp_path, stand_in.url)
    lists = read_lists(kept(tmp_path))
    assert (lists.counts["cities"], lists.counts["townships"]) == (81, 973)
    countries = {row["code"].upper(): row["name"] for row in lists.rows["countries"]}
    assert len(countries) == lists.counts["countries"] == 251
    # Northern Cyprus has no code of its own.
    assert {code for code, name in countries.items() if code_of(name) != code} == {"XN"}


def test_a_pull_that_ends_early_leaves_what_was_there(tmp_path, sandbox):
    assert pull(tmp_path, sandbox.url).returncode == 0
    before = kept(tmp_path).read_bytes()
    sandbox.fault("error_before", on="geography", status=503, skip=4, times=-1)
    done = pull(tmp_path, sandbox.url)
    assert done.returncode == 3
    assert done.stderr.endswith("that was attempt 3: see whether it is there, then run it again\n")
    assert kept(tmp_path).read_bytes() == before


@pytest.mark.parametrize("fault", [{"fault": "error_before", "status": 503}, {"fault": "half_answer"}])
def test_a_page_that_may_come_later_is_asked_for_again(tmp_path, sandbox, fault):
    sandbox.ask("faults", {**fault, "on": "geography", "skip": 1, "times": 2})
    assert pull(tmp_path, sandbox.url).returncode == 0
    assert read_lists(kept(tmp_path)).counts["countries"] == 251


PAGE = {"count": 1, "next": None, "previous": None, "results": [{"pk": 1, "name": "Türkiye"}]}


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([(200, {"state": "fine"})], "countries/ of the channel answered no list; check target.url and target.channel"),
        ([(200, b"<h1>Soon</h1>")], "countries/ of the channel answered no list; check target.url and target.channel"),
        ([(200, {**PAGE, "results": [{"name": "x"}]})],
         "countries/ of the channel has an entry without `pk`; ask Akinon what tells its entries apart"),
        ([(200, {**PAGE, "next": "more"}), (200, {**PAGE, "next": "more"})],
         "countries/ of the channel gives the same page again and again; ask Akinon how it pages"),
        ([(200, {**PAGE, "count": 2})],
         "countries/ of the channel promises 2 entries and gave 1: it changed while it was read; run it again"),
        ([(403, {"detail": "no"})], "check target.channel, and whether the login may read its countries"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_whole_list_is_told_and_nothing_is_kept(tmp_path, answers, says):
    with scripted(*answers) as server:
        done = pull(tmp_path, server.url)
    assert done.returncode == 3
    assert done.stderr.strip().endswith(says)
    assert list((tmp_path / "work/shop/channel").glob("*.json")) == []


def test_lists_without_pages_are_taken_as_they_are(tmp_path):
    answers = [(200, rows) for rows in some_lists().values()]
    with scripted(*answers) as server:
        assert pull(tmp_path, server.url).returncode == 0
        assert [one.path.partition("?")[2] for one in server.seen] == ["page=1&limit=500"] * 5
    assert read_lists(kept(tmp_path)).counts["districts"] == 4


def test_a_mapping_that_names_no_channel_cannot_pull(tmp_path):
    done = pull(tmp_path, "${NOWHERE}")
    assert done.returncode == 2
    assert "the environment variable NOWHERE is not set" in done.stderr


def test_lists_that_are_damaged_are_told_with_what_to_do(shop):
    file = kept(shop.parent)
    of_names = file.read_bytes().replace(b'"cargos":[{', b'"cargos":["aras",{')
    assert of_names != file.read_bytes()
    for content in (b"", b"{}", b'{"format": 9, "lists": {}}', b"[1]", of_names):
        file.write_bytes(content)
        with pytest.raises(MappingError, match=r"\.json: damaged; `etl channel pull` fetches the lists anew$"):
            kept_lists(shop.parent / "work")(load_mapping(shop).migration)


# Without lists


def test_without_lists_check_says_what_to_do_once_and_a_dry_run_stops_there(tmp_path):
    mapping = write_shop(tmp_path)
    kept(tmp_path).unlink()
    what = "`place` looks into the channel's lists, and none are kept for this target; `etl channel pull MAPPING` fetches them"
    assert problems(mapping) == [what]
    done = etl("dry-run", mapping, OMNITRON_TOKEN=TOKEN)
    assert done.returncode == 2
    assert done.stderr == f"{mapping}:17:16: {what.replace('MAPPING', str(mapping))}\n"


@pytest.mark.parametrize(("written", "line"), [("where", 11), ("settled", 11)])
def test_a_condition_that_asks_for_a_place_needs_the_lists_too(tmp_path, written, line):
    plain = MAPPING.partition('      country: "')[0]
    condition = f"    {written}: \"{{{{ zone | place('city') == 'Konya' }}}}\"\n"
    asks = f"{condition}    fields:\n      country: Türkiye\n      township: Meram\n"
    mapping = write_shop(tmp_path, plain.replace("    fields:\n", asks) + "      city: Konya\n")
    assert problems(mapping) == []
    kept(tmp_path).unlink()
    [problem] = check(mapping).problems
    assert (problem.place.line, problem.what[:7]) == (line, "`place`")


def test_a_line_that_is_not_filled_in_takes_no_decision_back(shop):
    text = MAPPING.replace("URL", URL).replace("country: Türkiye }", "country: Türkiye, names: [first, second] }")
    entry = "township: Türkiye / Konya / Meramm"
    lookups = f'lookups:\n  first: {{ "{entry}": Meram }}\n  second: {{ "{entry}": null }}\n'
    shop.write_text(text + lookups, encoding="utf-8")
    assert addresses(prepared(shop))["7"] == ["Türkiye", "Konya", "Meram", None]


def test_without_a_target_check_says_to_name_one(tmp_path):
    mapping = write_shop(tmp_path, url="${NOWHERE}")
    assert any(
        "set target.url and target.channel (their variables), then `etl channel pull" in one
        for one in problems(mapping)
    )


def test_a_mapping_that_asks_for_no_place_needs_no_lists(tmp_path):
    mapping = write_shop(tmp_path, MAPPING.replace("place(", "default(x, ").replace(", country=country", ""))
    kept(tmp_path).unlink()
    assert not any("channel" in one for one in problems(mapping))


# Preparing


WARNED = {
    ("city", "place:together"): (1, [3]),
    ("city", "place:swapped"): (1, [4]),
    ("city", "place:from-township"): (1, [5]),
    ("city", "place:other-name"): (1, [7]),
    ("city", "place:unlisted"): (1, [8]),
    ("township", "place:unlisted"): (1, [8]),
}


@pytest.mark.parametrize("how", [{}, {"fast": False}, {"workers": 2}], ids=["usual", "row by row", "two processes"])
def test_places_are_sent_as_the_channel_spells_them_and_what_was_put_right_is_told(shop, how):
    package = prepared(shop, **how)
    assert addresses(package) == {
        "1": ["Türkiye", "İstanbul", "Kadıköy", "Caferağa Mah"],
        "2": ["Türkiye", "İstanbul", "Kadıköy", None],
        "3": ["Türkiye", "İstanbul", "Kadıköy", None],
        "4": ["Türkiye", "İstanbul", "Üsküdar", None],
        "5": ["Türkiye", "Mersin", "Tarsus", None],
        "6": ["Almanya", "Köln", "Nippes", None],
    }
    kinds = [one for one in package.kinds(package.stage("address")) if one.fate == "warned"]
    assert {(one.field, one.rule): (one.count, list(one.rows)) for one in kinds} == WARNED


def test_the_package_says_which_lists_its_rows_were_held_against(shop):
    [one] = [one for one in prepared(shop).manifest.inputs if one.name == "geography"]
    assert (one.statement, one.taken) == (f"{URL}, channel 1", "2026-01-02T03:04:05+00:00")
    assert Path(one.file) == kept(shop.parent)
    assert one.rows == sum(map(len, some_lists().values()))


def test_personal_cells_are_masked_in_what_is_printed(shop):
    done = etl("dry-run", shop, OMNITRON_TOKEN=TOKEN)
    assert done.returncode == 1
    assert "warning: address: 'İçel' is an old or short name: Omnitron's own is sent (row 7)" in done.stderr


# Reviewing


def reviewed(shop, name="places.csv"):
    review(shop, None, shop.parent / name)
    return read_table(shop.parent / name)


def read_table(file):
    if file.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))
    head, *rows = load_workbook(file).active.values
    return [{name: cell or "" for name, cell in zip(head, row, strict=True)} for row in rows]


NAMES = [
    ("township: Türkiye / Konya / Meramm", "Meram", "Meram (91)", "2", "addresses.csv row 9"),
    ("city: Türkiye / ? / Ereğli", "", "Konya (100); Zonguldak (100)", "1", "addresses.csv row 12"),
    ("township: Türkiye / Ankara / Kadıköy", "", "İstanbul / Kadıköy (100)", "1", "addresses.csv row 11"),
]


@pytest.mark.parametrize("name", ["places.csv", "places.xlsx"])
def test_names_on_no_list_are_written_with_what_is_near_and_never_filled_in(shop, name):
    prepared(shop)
    table = reviewed(shop, name)
    assert [tuple(row[one] for one in ("place", "proposed", "near", "rows", "first")) for row in table] == NAMES
    assert {row["omnitron"] for row in table} == {""}
    assert stat.S_IMODE((shop.parent / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["places.csv", "places.xlsx"])
def test_a_name_with_signs_that_nobody_sees_is_decided_by_what_can_be_typed(tmp_path, name):
    odd = 'id,country,zone,town,quarter\n1,TR,Konya,"Me\u200bra\u00a0mm\x1b[31m",\n'
    shop = write_shop(tmp_path, rows=odd)
    prepared(shop)
    [row] = reviewed(shop, name)
    assert row["place"] == "township: Türkiye / Konya / Me ra mm [31m"
    text = MAPPING.replace("URL", URL).replace("country: Türkiye }", "country: Türkiye, names: [mine] }")
    shop.write_text(f"{text}lookups:\n  mine: {{ {json.dumps(row['place'])}: Meram }}\n", encoding="utf-8")
    assert addresses(prepared(shop)) == {"1": ["Türkiye", "Konya", "Meram", None]}


FILLED = {"Meramm": "Meram", "Ereğli": "Zonguldak", "Kadıköy": "İstanbul / Kadıköy"}


@pytest.mark.parametrize(("name", "kind"), [("places.csv", "csv"), ("places.xlsx", "excel")])
def test_what_a_person_fills_in_is_a_lookup_by_which_all_rows_are_sent(shop, name, kind):
    prepared(shop)
    reviewed(shop, name)
    fill_in(shop.parent / name)
    lookup = f"lookups: {{ places: {{ {kind}: {name}, key: place, value: omnitron }} }}\n"
    text = MAPPING.replace("URL", URL).replace(
        "country: Türkiye }", "country: Türkiye, names: [places] }\n" + lookup.rstrip()
    )
    shop.write_text(text, encoding="utf-8")
    assert problems(shop) == []
    package = prepared(shop)
    assert {key: places for key, places in addresses(package).items() if int(key) > 6} == {
        "7": ["Türkiye", "Konya", "Meram", None],
        "8": ["Türkiye", "Konya", "Meram", None],
        "9": ["Türkiye", "İstanbul", "Kadıköy", None],
        "10": ["Türkiye", "Zonguldak", "Ereğli", None],
    }
    assert reviewed(shop, "again.csv") == []


def fill_in(file):
    if file.suffix == ".xlsx":
        book = load_workbook(file)
        for row in book.active.iter_rows(min_row=2):
            row[1].value = next(value for end, value in FILLED.items() if row[0].value.endswith(end))
        book.save(file)
        return
    rows = read_table(file)
    for row in rows:
        row["omnitron"] = next(value for end, value in FILLED.items() if row["place"].endswith(end))
    with file.open("w", encoding="utf-8-sig", newline="") as written:
        table = csv.DictWriter(written, rows[0])
        table.writeheader()
        table.writerows(rows)


def test_a_line_that_names_no_place_is_found_before_a_row_is_read(shop):
    text = MAPPING.replace("URL", URL).replace("country: Türkiye }", "country: Turkye, names: [mine, others] }")
    decided = 'lookups:\n  mine: { "township: Türkiye / Konya / Meramm": Merram, "Meramm": Meram }\n'
    shop.write_text(text + decided, encoding="utf-8")
    assert problems(shop) == [
        "'Turkye' is no country on the channel's lists; did you mean 'Türkiye'?",
        "unknown lookup 'others'; there is mine",
        "the lookup 'mine', 'township: Türkiye / Konya / Meramm': 'Merram' is no township of Türkiye / Konya on the channel's "
        "lists",
        "the lookup 'mine', 'Meramm': an entry is written `LEVEL: PLACES`, LEVEL one of country, city, township, district: "
        "`township: Türkiye / Ankara / Cankaya`",
    ]


def test_a_review_overwrites_nothing_and_says_what_it_needs(shop, tmp_path):
    with pytest.raises(MappingError, match="there is no package yet"):
        review(shop, None, tmp_path / "places.csv")
    prepared(shop)
    reviewed(shop)
    for file, says in (
        ("places.csv", "is there already, and may hold what somebody has filled in; name another file"),
        ("places.ods", r"is written as .csv or .xlsx; give it such a name"),
        ("none/places.csv", "there is no such folder; make it, or name another file"),
    ):
        with pytest.raises(MappingError, match=says):
            review(shop, None, tmp_path / file)
    kept(tmp_path).unlink()
    with pytest.raises(MappingError, match="`etl channel pull MAPPING` fetches"):
        review(shop, None, tmp_path / "other.csv")


def test_the_advice_of_a_review_is_a_mapping_that_works(shop):
    prepared(shop)
    done = etl("channel", "review", shop, "names.csv", cwd=shop.parent, OMNITRON_TOKEN=TOKEN)
    assert done.returncode == 0
    assert done.stdout.startswith("names.csv: 3 names of 4 rows of ")
    assert done.stdout.endswith("; 1 have a proposal\n")
    assert "`places: { csv: names.csv, key: place, value: omnitron }` under `lookups:`" in done.stderr
    assert "`names: [places]` under `geography:`" in done.stderr


def test_the_advice_of_a_second_review_keeps_what_was_decided_and_names_the_file_as_the_mapping_sees_it(shop, tmp_path):
    text = MAPPING.replace("URL", URL).replace("country: Türkiye }", "country: Türkiye, names: [places] }")
    shop.write_text(f'{text}lookups:\n  places: {{ "city: Türkiye / ? / Ereğli": Konya }}\n', encoding="utf-8")
    prepared(shop)
    (tmp_path / "elsewhere").mkdir()
    done = etl("channel", "review", shop, "more.csv", cwd=tmp_path / "elsewhere", OMNITRON_TOKEN=TOKEN)
    path = relpath(tmp_path / "elsewhere/more.csv", shop.parent)
    assert f"`places_2: {{ csv: {path}, key: place, value: omnitron }}` under `lookups:`" in done.stderr
    assert "`names: [places, places_2]` under `geography:`" in done.stderr


# What check holds against the lists


CONSTANTS = """\
version: 1
name: shop
target: { url: "URL", channel: 1, token: "${OMNITRON_TOKEN}" }
sources:
  addresses: { csv: addresses.csv }
lookups:
  town: { 1: Kadıköy, 2: Kadikoy, 3: KADIKÖY, 4: Moda }
  carrier: { 1: yurtici, 2: yurtiçi }
stages:
  - name: address
    from: addresses
    key: "{{ id }}"
    fields:
      customer_code: "{{ id }}"
      first_name: A
      last_name: B
      email: a@example.com
      line: "{{ id }}"
      country: COUNTRY
      city: CITY
      township: "{{ town | lookup('town', default='Üskudar') }}"
      district: DISTRICT
"""


def with_constants(folder, country="Türkiye", city="İSTANBUL", district="null"):
    text = CONSTANTS.replace("COUNTRY", country).replace("CITY", city).replace("DISTRICT", district)
    return write_shop(folder, text)


TOWNS = [
    "'Kadikoy' is no township on the channel's lists; write 'Kadıköy'",
    "'Moda' is no township on the channel's lists; did you mean 'Mudurnu'?",
    "'Üskudar' is no township on the channel's lists; write 'Üsküdar'",
]


def test_constants_and_lookups_of_places_are_held_against_the_lists(tmp_path):
    mapping = with_constants(tmp_path, city="Istanbul", district="moda mah")
    found = problems(mapping)
    assert "'Istanbul' is no city on the channel's lists; write 'İstanbul'" in found
    assert "'moda mah' is no district on the channel's lists; write 'Moda Mah'" in found
    assert TOWNS[0] in found
    assert TOWNS[2] in found
    assert len([one for one in found if "is no" in one]) == 5
    assert not any("KADIKÖY" in one for one in found)  # whatever the case
    places = {one.what: (one.place.line, one.place.column) for one in check(mapping).problems}
    assert places[TOWNS[0]] == (7, 26)


def test_a_country_is_exact_and_one_without_cities_has_nothing_to_hold_names_against(tmp_path):
    assert "'TÜRKİYE' is no country on the channel's lists; write 'Türkiye'" in problems(
        with_constants(tmp_path, "TÜRKİYE")
    )
    (tmp_path / "other").mkdir()
    assert problems(with_constants(tmp_path / "other", "Almanya", "Köln")) == []


def test_where_only_the_rows_tell_the_country_a_name_on_no_list_is_a_warning(tmp_path):
    mapping = with_constants(tmp_path, '"{{ country }}"')
    assert problems(mapping) == []
    assert TOWNS[0] in problems(mapping, "warnings")


ORDER = """\
version: 1
name: shop
target: { url: "URL", channel: 1, token: "${OMNITRON_TOKEN}" }
sources:
  addresses: { csv: addresses.csv }
lookups:
  carrier: { 1: yurtici, 2: yurtiçi, 3: "" }
stages:
  - name: order
    from: addresses
    key: number
    fields:
      number: "{{ id }}"
      user: "{{ id }}"
      user_email: a@example.com
      status: "550"
      created_date: "2021-02-03 04:05:06"
      amount: 1
      currency: try
      payment_type: ""
      bank: ""
      tracking_number: ""
      shipping_company: CARRIER
      shipping_address: x
      billing_address: x
"""


@pytest.mark.parametrize(
    ("carrier", "unknown"),
    [
        ("yurtici", []),
        ("surat", ["'surat' is no shipping_company that the channel knows; there is aras, yurtici"]),
        ("\"{{ id | lookup('carrier', default='araz') }}\"", [
            "'araz' is no shipping_company that the channel knows; did you mean 'aras'?",
            "'yurtiçi' is no shipping_company that the channel knows; did you mean 'yurtici'?",
        ]),
        ('"{{ id }}"', []),
    ],
)  # fmt: skip
def test_carriers_are_held_against_those_of_the_channel(tmp_path, carrier, unknown):
    mapping = write_shop(tmp_path, ORDER.replace("CARRIER", carrier))
    assert sorted(problems(mapping, "warnings")) == unknown
    done = etl("check", mapping, "--strict", OMNITRON_TOKEN=TOKEN)
    assert done.returncode == (2 if unknown else 0)


# The mapping language


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("place('citty')", "level is 'country' or 'city' or 'township' or 'district', in quotes; did you mean 'city'?"),
        ("place('citty', country=country)", "in quotes; did you mean 'city'?"),
        ("place(zone)", "level is 'country' or 'city' or 'township' or 'district', in quotes"),
        ("place('city', geography='x')", "has no parameter 'geography'"),
    ],
)
def test_a_level_that_is_none_is_found_before_a_row_is_read(shop, written, says):
    shop.write_text(MAPPING.replace("URL", URL).replace("place('country')", written), encoding="utf-8")
    [problem] = problems(shop)
    assert says in problem


def test_the_mappings_own_tests_look_into_the_lists_too(shop):
    tests = "tests:\n  - { stage: address, given: { zone: İçel, town: tarsus }, expect: { city: Mersin, township: Tarsus } }\n"
    shop.write_text(shop.read_text(encoding="utf-8") + tests, encoding="utf-8")
    done = etl("test", shop, OMNITRON_TOKEN=TOKEN)
    assert (done.returncode, done.stderr) == (0, "1 passed, 0 failed\n")
