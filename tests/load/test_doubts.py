"""What the local checks had doubted stands beside a record that failed: the likeliest reason, for Omnitron gives none."""

from __future__ import annotations

import json

import pytest
from commands import etl, target
from killing import Migration, write_shop
from load_helpers import TOKEN, Sandbox


@pytest.fixture
def shop(tmp_path):
    """Two of its addresses are the same one, and the second one's key is an e-mail."""
    server = Sandbox()
    mapping = write_shop(tmp_path, customers=2, dirty=False, batch_size=1)
    text = mapping.read_text().replace('title: "Ev {{ id }}"', "title: Ev").replace('"Sokak {{ id }}"', "Sokak")
    key = '    key: "{{ id }}"\n'
    mapping.write_text(text.replace(key, f"{key}    settled: \"{{{{ customer == '0' }}}}\"\n", 1))
    (tmp_path / "addresses.csv").write_text("id,customer\na1,1\nayse@example.com,1\na2,2\n")
    yield Migration(tmp_path, server, mapping)
    server.close()


WORDS = "before it was sent: the same address of a customer is sent more than once"


def test_a_record_that_failed_alone_has_the_doubt_of_the_local_checks_beside_it_and_its_key_masked(shop):
    shop.sandbox.fault("errors", type="address", skip=1)
    assert shop.etl("run", "--final").code == 1
    settings = target(shop.sandbox.url, TOKEN)
    for more, shown in (((), "a***@e***.com"), (("--show-data",), "ayse@example.com")):
        done = etl("status", shop.mapping, *more, **settings)
        assert f"is done: its record failed ({shown}); its bytes: " in done.stdout
        assert f"\n  {shown}: {WORDS}\n" in done.stdout
        found = json.loads(etl("status", shop.mapping, "--json", *more, **settings).stdout)
        [failed] = found["attention"]
        assert failed["doubts"] == {shown: [WORDS.partition(": ")[2]]}
