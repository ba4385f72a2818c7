"""The stand-in's shop: what a migrated customer sees after logging in."""

from __future__ import annotations

import hashlib

import pytest
import requests
from sandbox_client import ADDRESS, ORDER, PASSWORD, RECORDS, USER, WAIT

from etl.sandbox.passwords import verifies


class Browser(requests.Session):
    url = ""


@pytest.fixture
def shop(sandbox):
    for payload, record in RECORDS.items():
        sandbox.migrate(payload, record)
    with Browser() as browser:
        browser.trust_env = False
        browser.get(sandbox.url + "/csrf_token/", timeout=WAIT)
        browser.headers["x-csrftoken"] = browser.cookies["csrftoken"]
        browser.url = sandbox.url
        yield browser


def log_in(shop, email="AYSE@example.com", password=PASSWORD):
    return shop.post(shop.url + "/users/login/", json={"email": email, "password": password}, timeout=WAIT)


def test_a_migrated_user_logs_in_and_finds_address_order_and_items(shop):
    assert "key" in log_in(shop).json()
    assert shop.get(shop.url + "/current_user/", timeout=WAIT).json()["email"] == USER["email"]
    (address,) = shop.get(shop.url + "/address/", timeout=WAIT).json()["results"]
    assert address["line"] == ADDRESS["line"]
    assert address["township"] == {"pk": 459, "name": "üsküdar"}
    orders = shop.get(shop.url + "/users/old-orders/?format=json", timeout=WAIT).json()
    (order,) = orders["results"]
    assert (order["number"], order["amount"], order["currency"], order["status"]) == ("10045", "1299.90", "try", "550")
    detail = shop.get(f"{shop.url}/users/old-orders/{order['pk']}/?format=json", timeout=WAIT).json()
    (item,) = detail["orderitem_set"]
    assert (item["product"], item["sku"], item["quantity"], item["price"]) == ("Kazak", "KZ-1", 2, "649.95")


def test_a_browser_sees_pages_with_every_value_escaped(shop):
    log_in(shop)
    shop.headers["accept"] = "text/html"
    page = shop.get(shop.url + "/account/address/", timeout=WAIT).text
    assert "My Addresses" in page
    assert "Çamlıca Cad. 1 &lt;b&gt;" in page
    assert "10045" in shop.get(shop.url + "/users/old-orders/", timeout=WAIT).text


def test_the_login_form_leads_to_the_addresses(shop):
    form = {"email": USER["email"], "password": PASSWORD, "csrfmiddlewaretoken": shop.headers.pop("x-csrftoken")}
    answer = shop.post(shop.url + "/users/login/", data=form, timeout=WAIT)
    assert answer.url == shop.url + "/account/address/"
    wrong = shop.post(shop.url + "/users/login/", data=form | {"password": "no"}, timeout=WAIT)
    assert (wrong.status_code, "E-mail address or password is wrong." in wrong.text) == (400, True)


def test_a_wrong_password_is_400_and_without_login_the_pages_are_401(shop):
    wrong = log_in(shop, password="no")
    assert (wrong.status_code, wrong.json()) == (
        400,
        {"non_field_errors": ["E-mail address or password is wrong."]},
    )
    for path in ("/address/", "/current_user/", "/users/old-orders/?format=json"):
        assert shop.get(shop.url + path, timeout=WAIT).status_code == 401


def test_a_login_without_the_csrf_header_is_403(shop):
    del shop.headers["x-csrftoken"]
    assert log_in(shop).status_code == 403


def test_another_customers_order_is_404(sandbox, shop):
    sandbox.migrate("user", USER | {"customer_code": "8", "email": "b@example.com"})
    sandbox.migrate("order", ORDER | {"number": "2", "user": "8"})
    theirs = sandbox.records("order", key="2")[0]["id"]
    log_in(shop)
    assert shop.get(f"{shop.url}/users/old-orders/{theirs}/?format=json", timeout=WAIT).status_code == 404


def test_digests_verify_as_django_does_it():
    md5 = hashlib.md5(b"abc").hexdigest()
    salted = hashlib.sha1(b"saltabc").hexdigest()
    assert verifies("abc", md5, "md5")
    assert verifies("abc", hashlib.sha256(b"abc").hexdigest(), "sha256")
    assert verifies("abc", "sha1$salt$" + salted, "sha1")
    assert verifies("abc", "md5$s$" + hashlib.md5(b"sabc").hexdigest(), "md5")
    assert not verifies("abc", md5.upper(), "md5")
    assert not verifies("abc", md5, "sha1")
    assert not verifies("abc", "sha1$salt$" + hashlib.sha1(b"abcsalt").hexdigest(), "sha1")
    assert not verifies("abc", "abc", "plain")


def test_the_shops_login_may_ask_for_a_code_or_a_captcha(shop, sandbox):
    sandbox.fault("one_time_code")
    assert log_in(shop).status_code == 202
    sandbox.fault("captcha")
    assert "captcha" in log_in(shop).json()["redirect_url"]
