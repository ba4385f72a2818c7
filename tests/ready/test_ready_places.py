"""The channel's own places in a shop's mapping, as mappings/common/README.md turns them on, from the pull to the last dry-run."""

import json

import pytest
import yaml
from all_shops import SHOPS
from commands import etl
from ready_shop import DATA, ROOT, standing
from sandbox_client import TOKEN, running_sandbox

needs_structures = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shops' own structures, {DATA}, are not here")


def told():
    """The lines that the page says to write."""
    page = (ROOT / "mappings/common/README.md").read_text(encoding="utf-8")
    return yaml.safe_load(page.partition("<!-- places -->\n```yaml\n")[2].partition("```")[0])


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """A shop in whose addresses people typed a township as nobody lists it."""
    with standing(SHOPS[0], customers=8) as found:
        found.connection.cursor().execute("UPDATE oc_address SET city = 'Kadikoyy' WHERE address_id IN (4, 8)")
        found.connection.commit()
        return found.dump(tmp_path_factory.mktemp("shop"))


def edit(mapping, **more):
    data = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    data |= {"geography": told()["geography"] | more}
    fields = told()["stages"][0]["fields"]
    next(one for one in data["stages"] if one["name"] == "address")["fields"] |= fields
    if more:
        data["lookups"]["places"] = {"csv": "places.csv", "key": "place", "value": "omnitron"}
    mapping.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def addresses(folder, **environment):
    done = json.loads(etl("dry-run", "mine", "--json", cwd=folder, **environment).stdout)
    (counted,) = (one for one in done["stages"] if one["name"] == "address")
    sent = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((folder / done["package"]).glob("payloads/address/*"))
    ]
    return counted["rejected"], {(one["city"], one["township"]) for part in sent for one in part}


@needs_structures
def test_a_shops_places_become_the_channels_own_and_what_is_on_no_list_is_decided_by_a_person(dump, tmp_path):
    assert etl("init", "mine", "--from", dump, cwd=tmp_path).returncode == 0
    edit(tmp_path / "mine/migration.yaml")
    with running_sandbox() as sandbox:
        three = {"OMNITRON_URL": sandbox.url, "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": TOKEN}
        stopped = etl("check", "mine", cwd=tmp_path, **three)
        assert (stopped.returncode, "`etl channel pull" in stopped.stdout) == (2, True)
        assert etl("channel", "pull", "mine", cwd=tmp_path, **three).returncode == 0
    tested = etl("test", "mine", cwd=tmp_path, **three)
    assert tested.returncode == 0, tested.stdout
    rejected, sent = addresses(tmp_path, **three)
    assert rejected == 2
    assert sent == {("İZMİR", "KONAK"), ("ANTALYA", "MURATPAŞA"), ("ANKARA", "ÇANKAYA")}
    reviewed = etl("channel", "review", "mine", "mine/places.csv", cwd=tmp_path, **three)
    assert reviewed.returncode == 0, reviewed.stderr
    table = tmp_path / "mine/places.csv"
    assert "Kadikoyy,,KADIKÖY,KADIKÖY" in table.read_text(encoding="utf-8")
    table.write_text(table.read_text(encoding="utf-8").replace("Kadikoyy,,", "Kadikoyy,KADIKÖY,"), encoding="utf-8")
    edit(tmp_path / "mine/migration.yaml", names=["places"])
    checked = etl("check", "mine", cwd=tmp_path, **three)
    assert checked.returncode == 0, checked.stdout
    rejected, sent = addresses(tmp_path, **three)
    assert (rejected, ("İSTANBUL", "KADIKÖY") in sent) == (0, True)


EXTENDING = sorted(
    one.parent.name
    for one in (ROOT / "mappings").glob("*/migration.yaml")
    if one.parent.name not in ("common", "opencart")
)
FOUR = {
    "OMNITRON_CHANNEL": "1",
    "OMNITRON_TOKEN": TOKEN,
    "LEGACY": "/there/is/none",
    "SHOP_LOGIN": "a:b",
    "SHOP_TOKEN": "x",
}


def extend(folder, name):
    """A mapping of one's own with the lines that the page says to write; all have one name, and so the same lists."""
    data = {"extends": str(ROOT / "mappings" / name), "name": "mine", **told()}
    folder.mkdir(exist_ok=True)
    (folder / "migration.yaml").write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pulled")
    extend(folder, EXTENDING[0])
    with running_sandbox() as sandbox:
        variables = {**FOUR, "OMNITRON_URL": sandbox.url, "ETL_WORKSPACE": str(folder / "work")}
        assert etl("channel", "pull", folder, **variables).returncode == 0
    return variables


@pytest.mark.parametrize("name", EXTENDING)
def test_the_own_tests_of_every_shop_pass_with_the_channels_places(name, pulled, tmp_path):
    extend(tmp_path / "mine", name)
    tested = etl("test", "mine", cwd=tmp_path, **pulled)
    assert tested.returncode == 0, tested.stdout


def test_a_place_that_is_another_one_fails_a_test(pulled, tmp_path):
    extend(tmp_path / "mine", EXTENDING[0])
    wrong = {
        "name": "wrong",
        "stage": "address",
        "given": {"email": "a@example.com", "city": "TR06"},
        "expect": {"city": "Adana"},
    }
    mapping = tmp_path / "mine/migration.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8") + yaml.safe_dump({"tests": [wrong]}), encoding="utf-8")
    assert etl("test", "mine", "-k", "wrong", cwd=tmp_path, **pulled).returncode == 1


def test_the_page_says_it_where_each_shop_is_described():
    for shop in SHOPS:
        assert "../common/README.md#places" in (shop.mapping / "README.md").read_text(encoding="utf-8"), shop.name
