"""What is said of a stored password is what Django's own hashers say of it."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.expressions.functions.digest import recognised
from etl.findings import Unfit

VECTORS = Path(__file__).parents[2] / "../shared/data/password-vectors/vectors.json"

# The hashers for unsalted digests are on their way out of Django; Omnitron's pages name them.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*is deprecated:DeprecationWarning", "ignore:.*is deprecated:PendingDeprecationWarning"
)

PASSWORDS = st.text(st.characters(codec="utf-8"), min_size=1)
SALTS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./+=-", min_size=1, max_size=32)


@pytest.fixture(scope="module", autouse=True)
def hashers():
    """The hashers that Omnitron's pages name, as far as Django has them."""
    from django.conf import settings

    if not settings.configured:
        names = ("MD5PasswordHasher", "UnsaltedMD5PasswordHasher", "SHA1PasswordHasher", "UnsaltedSHA1PasswordHasher")
        settings.configure(PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}" for name in names])


def logs_in(password, form):
    from django.contrib.auth.hashers import check_password

    return form.hash is not None and check_password(password, form.hash)


def digest(name, text):
    return hashlib.new(name, text.encode()).hexdigest()


@given(password=PASSWORDS, salt=SALTS, upper=st.booleans())
def test_a_salted_md5_of_oscommerce_zen_cart_and_magento_logs_in(password, salt, upper):
    made = digest("md5", salt + password)
    stored = f"{made.upper() if upper else made}:{salt}"
    for version in ("", ":0"):
        form = recognised(stored + version)
        assert form.algorithm == "md5"
        assert logs_in(password, form)
        assert not logs_in(password + "x", form)


@given(password=PASSWORDS)
def test_a_bare_md5_and_an_unsalted_sha1_log_in_as_they_are_rewritten(password):
    md5, sha1 = recognised(digest("md5", password).upper()), recognised(digest("sha1", password))
    assert (md5.algorithm, sha1.algorithm) == ("md5", "sha1")
    assert logs_in(password, md5)
    assert logs_in(password, sha1)


def test_a_bare_sha1_is_not_known_to_django_which_is_why_it_is_rewritten():
    from django.contrib.auth.hashers import check_password

    bare = digest("sha1", "secret")
    assert not check_password("secret", bare)
    assert check_password("secret", recognised(bare).hash)


@given(password=PASSWORDS, salt=SALTS)
def test_a_sha256_of_magento_is_over_salt_and_password_which_akinon_has_to_agree_to(password, salt):
    form = recognised(f"{digest('sha256', salt + password)}:{salt}:1")
    name, kept, made = form.hash.split("$")
    assert (name, form.algorithm, made) == ("sha256", "sha256", digest("sha256", kept + password))


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"{VECTORS} is not here")
def test_known_passwords_log_in_or_are_not_passed_on():
    expected = {"osCommerce 2.2 / Zen Cart demo customer": True, "Sakila staff (unsalted sha1)": True}
    for vector in json.loads(VECTORS.read_text(encoding="utf-8")):
        shop = "prestashop" if "COOKIE_KEY" in vector["system"] else None
        form = recognised(vector["stored"], shop)
        if vector["password"] is not None:
            assert logs_in(vector["password"], form) == expected.get(vector["system"], False), vector["system"]
        assert (form.hash is None) == (form.kind not in ("md5 with salt", "sha1", "sha256 with salt")), vector["system"]


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ("$2y$10$" + "a" * 53, "bcrypt"),
        ("$2b$12$" + "a" * 53, "bcrypt"),
        ("$wp$2y$10$" + "a" * 53, "wordpress bcrypt"),
        ("$P$B" + "a" * 30, "phpass"),
        ("$H$9" + "a" * 30, "phpass"),
        ("$argon2id$v=19$m=65536,t=4,p=1$c2FsdA$aGFzaA", "argon2"),
        ("ab12:saltsalt:2", "argon2"),
        ("ab12:saltsalt:3_32_2_67108864", "argon2"),
        ("a" * 64 + ":salt:0:1", "magento chain"),
        ("a" * 64 + ":salt:1:3_32_2_67108864", "magento chain"),
        ("pbkdf2_sha256$260000$salt$aGFzaA==", "pbkdf2"),
        ("{SSHA}aGFzaA==", "ldap"),
        ("$6$salt$hash", "crypt"),
    ],
)
def test_what_only_its_own_software_checks_is_named_and_not_passed_on(stored, kind):
    form = recognised(stored)
    assert (form.kind, form.hash, form.algorithm) == (kind, None, None)


@pytest.mark.parametrize(("shop", "width"), [("opencart", 40), ("prestashop", 32), ("joomla", 32)])
def test_digests_of_shops_that_only_look_portable_are_not_passed_on(shop, width):
    assert recognised("a" * width, shop).hash is None
    assert recognised("a" * width).hash is not None
    # PrestaShop and OpenCart rehash at a login; an old OpenCart account may still be plain md5.
    assert recognised("$2y$10$" + "a" * 53, shop).kind == "bcrypt"
    assert (recognised("a" * 32, shop).hash is None) == (width == 32)


@pytest.mark.parametrize(
    "stored",
    ["hunter2", "a" * 31, "a" * 33, "a" * 39, "g" * 32, ":", "a" * 32 + ":", "a" * 64 + ":salt:0", "md5$s$" + "a" * 40],
)
def test_what_has_no_known_form_is_refused_and_not_guessed(stored):
    with pytest.raises(Unfit, match="no stored password of a form that is known"):
        recognised(stored)


def test_a_salt_with_a_dollar_is_refused_as_django_would_cut_it():
    with pytest.raises(Unfit):
        recognised("a" * 32 + ":s$lt")
