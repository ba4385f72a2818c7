"""The channel's own places in a shop's mapping, as mappings/common/README.md turns them on, from the pull to the last dry-run."""

import json

import pytest
import yaml
from all_shops import SHOPS
from commands import etl
from ready_shop import DATA, ROOT, standing
from sandbox_client import TOKEN, running_sandbox

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shops' own structures, {DATA}, are not here")


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


def test_a_shops_places_become_the_channels_own_and_what_is_on_no_list_is_decided_by_a_person(dump, tmp_path):
    assert etl("init", "mine", "--from", dump, cwd=tmp_path).returncode == 0
    edit(tmp_path / "mine/migration.yaml")
    with running_sandbox() as sandbox:
        three = {"OMNITRON_URL": sandbox.url, "OMNITRON_CHANNEL": "1", "OMNITRON_TOKEN": TOKEN}
        stopped = etl("check", "mine", cwd=tmp_path, **three)
        assert (stopped.returncode, "`etl channel pull" in stopped.stdout) == (2, True)
        assert etl("channel", "pull", "mine", cwd=tmp_path, **three).returncode == 0
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


def test_the_page_says_it_where_each_shop_is_described():
    for shop in SHOPS:
        assert "../common/README.md#places" in (shop.mapping / "README.md").read_text(encoding="utf-8"), shop.name
