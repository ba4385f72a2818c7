"""What the stand-in's channel can be asked: both worlds, in which migrated users are found there and are not."""

import pytest
from sandbox_client import ADDRESS, RECORDS, USER, running_sandbox

PERSON = {
    "email": "ayse@example.com",
    "first_name": "Ayşe",
    "last_name": "Işık",
    "phone_number": "5321234567",
    "channel": 1,
    "channel_code": "7",
    "is_active": True,
    "extra_field": {},
}


@pytest.fixture
def sandbox(server):
    server.reset()
    server.post("/_sandbox/customers", json={"after": None})
    for payload in ("user", "address"):
        server.migrate(payload, RECORDS[payload])
    return server


def found(sandbox, query):
    answer = sandbox.get(f"/api/v1/channel/1/{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def show(sandbox, after):
    assert sandbox.post("/_sandbox/customers", json={"after": after}).json() == {"after": after}


def test_a_migrated_user_is_not_a_customer_unless_it_is_asked_for(sandbox):
    assert found(sandbox, "customers/") == []
    assert found(sandbox, "addresses/") == []


@pytest.mark.parametrize("query", ["", "?email=AYSE@example.com&channel=1", "?phone_number=5321234567"])
def test_where_it_is_asked_for_a_customer_is_found_by_email_and_by_phone(query, sandbox):
    show(sandbox, 0)
    [one] = found(sandbox, f"customers/{query}")
    assert {name: value for name, value in one.items() if name != "pk"} == PERSON


@pytest.mark.parametrize("query", ["?email=other@example.com", "?phone_number=5000000000"])
def test_another_email_or_phone_finds_nobody(query, sandbox):
    show(sandbox, 0)
    assert found(sandbox, f"customers/{query}") == []


def test_a_user_that_was_refused_is_no_customer(sandbox):
    show(sandbox, 0)
    sandbox.migrate("user", USER | {"customer_code": "8"})
    assert len(found(sandbox, "customers/")) == 1


def test_customers_show_up_only_after_the_delay(sandbox):
    show(sandbox, 3600)
    assert found(sandbox, "customers/?email=ayse@example.com") == []


def test_an_address_is_found_by_its_customer_with_its_places_as_numbers(sandbox):
    show(sandbox, 0)
    [customer] = found(sandbox, "customers/")
    [address] = found(sandbox, f"addresses/?customer={customer['pk']}")
    assert (address["line"], address["customer"], address["township"]) == (ADDRESS["line"], customer["pk"], 459)
    assert found(sandbox, f"addresses/?hash_data={address['hash_data']}") == [address]
    assert found(sandbox, "addresses/?customer=0") == []


def test_customers_come_a_page_at_a_time(sandbox):
    show(sandbox, 0)
    sandbox.migrate("user", *(USER | {"customer_code": f"c{n}", "email": f"c{n}@example.com"} for n in range(4)))
    first = sandbox.get("/api/v1/channel/1/customers/?limit=3").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (5, 3, None)
    assert first["next"] == f"{sandbox.url}/api/v1/channel/1/customers/?limit=3&page=2"
    assert len(sandbox.get(first["next"].removeprefix(sandbox.url)).json()["results"]) == 2
    assert sandbox.get("/api/v1/channel/1/customers/?limit=3&page=3").status_code == 404


def test_cargos_name_the_shipping_companies_of_the_channel(sandbox):
    assert found(sandbox, "cargos/")[0] == {
        "pk": 1, "name": "Yurtici Kargo", "erp_code": "yurtici-kargo", "shipping_company": "yurtici",
    }  # fmt: skip


def test_the_channel_wants_a_token_and_its_own_number(sandbox):
    assert sandbox.get("/api/v1/channel/1/customers/", headers={}).status_code == 401
    assert sandbox.get("/api/v1/channel/2/customers/").status_code == 404


@pytest.mark.parametrize("after", [-1, "5", True])
def test_a_delay_that_is_no_number_of_seconds_is_refused(after, sandbox):
    answer = sandbox.post("/_sandbox/customers", json={"after": after})
    assert (answer.status_code, answer.json()) == (
        400,
        {"detail": "'after' is a number of seconds, or null where migrated users are never shown."},
    )


def test_a_fault_can_be_set_on_a_look_at_the_channel(sandbox):
    sandbox.fault("error_before", on="channel", status=503)
    assert sandbox.get("/api/v1/channel/1/customers/").status_code == 503
    assert found(sandbox, "customers/") == []


def test_the_switch_is_an_option_of_the_command_too():
    with running_sandbox("--customers-after", "0") as client:
        assert client.get("/_sandbox/customers").json() == {"after": 0.0}
