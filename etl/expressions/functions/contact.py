"""Functions for phone numbers and e-mail addresses. The libraries decide; what is plainly right takes a short way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import GIVE_AN_ERROR, text_for
from etl.findings import Unfit

LONGEST_ADDRESS = 254
LONGEST_PHONE = 40

# Ranges that have been Turkish mobiles for decades, in the ways people write them. A test compares with phonenumbers.
_TURKISH_MOBILE = re.compile(
    r"(?:\+90|0090|90|0)?[ -]?\(?(5(?:0[1567]|[34][0-9]|5[1-59]))\)?[ -]?([0-9]{3})[ -]?([0-9]{2})[ -]?([0-9]{2})"
).fullmatch

# Addresses email-validator surely accepts unchanged: short, ASCII, in a domain no standard reserves. A test compares.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_]+(?:[.+-][a-z0-9_]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:com|net|org|tr)", re.ASCII
).fullmatch
_PLAIN_LENGTH = 60


def bind_phone(region: str = "TR", default: object = GIVE_AN_ERROR) -> Callable[[Any], object]:
    if region != "TR":
        _check_region(region)

    def read(value: Any) -> object:
        text = text_for("phone", value)
        plain = _TURKISH_MOBILE(text) if region == "TR" else None
        if plain is not None:
            return "".join(plain.groups())
        if not text.strip():
            return None
        number = _national_mobile(text, region)
        return _instead(text, region, default) if number is None else number

    return read


def phone(value: Any, region: str = "TR", default: object = GIVE_AN_ERROR) -> object:
    return bind_phone(region, default)(value)


def _check_region(region: object) -> None:
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        words = "region is a country's two capital letters, such as 'TR', not {value}"
        raise Unfit("parameter:region", region, words)


def _national_mobile(text: str, region: str) -> str | None:
    """The digits of a mobile number of `region` without prefix; None when it is none."""
    import phonenumbers

    # Letters would be read as a keypad's digits, or an extension dropped: neither is what was meant.
    if len(text) > LONGEST_PHONE or any(character.isalpha() for character in text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    mobile = phonenumbers.is_valid_number_for_region(number, region) and phonenumbers.number_type(number) in kinds
    return str(phonenumbers.national_significant_number(number)) if mobile and not number.extension else None


def _instead(text: str, region: str, default: object) -> object:
    if default is not GIVE_AN_ERROR:
        return default
    words = "{value} is not a mobile number of region '{region}'; phone('{region}', default=none) sends none instead"
    if region == "TR":
        words = "{value} is not a Turkish mobile number; phone(default=none) sends none instead"
    raise Unfit("function:phone", text, words, region=region)


def email(value: Any) -> str | None:
    text = text_for("email", value).strip()
    lowered = text.lower()
    if len(lowered) <= _PLAIN_LENGTH and text.isascii() and _PLAIN_ADDRESS(lowered):
        return lowered
    return _checked_address(text) if text else None


def _checked_address(text: str) -> str:
    """The address in ASCII (a domain with other letters becomes xn--...) and small letters."""
    from email_validator import EmailNotValidError, validate_email

    if odd := next((sign for sign in text.rpartition("@")[2] if sign in "İı"), None):
        words = "{value} is not an e-mail address: its domain holds '{told}', as a program makes of an i; correct the source"
        raise Unfit("function:email:domain", text, words, told=odd)
    if len(text) > LONGEST_ADDRESS:
        words = "{value} is not an e-mail address: it is longer than {most} characters"
        raise Unfit("function:email:length", text, words, most=LONGEST_ADDRESS)
    try:
        valid = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise _refused(text, str(error)) from None
    return str(valid.ascii_email).lower()


def _refused(text: str, said: str) -> Unfit:
    """What the library says of any address, and what of this one: the characters behind a colon, a count in brackets. What else
    it has in brackets tells of its own ways."""
    detail, colon, quoted = said.partition(":")
    detail = re.sub(r" \((?!@)[^)]*\)", "", detail)
    if found := re.search(r"\((\d+) (?:character|byte)s? too many", said):
        words = "{value} is not an e-mail address: {detail} (too long by {count})"
        return Unfit("function:email", text, words, detail=detail.rstrip("."), count=int(found[1]))
    words = "{value} is not an e-mail address: {detail}{told}"
    return Unfit("function:email", text, words, detail=detail, told=f"{colon}{quoted}")


DETAILS = (
    "An email address must have an @-sign.",
    "There must be something before the @-sign.",
    "There must be something after the @-sign.",
    "There can't be anything after the email address.",
    "An email address cannot have two periods in a row.",
    "An email address cannot have a period immediately after the @-sign.",
    "An email address cannot have a period immediately before the @-sign.",
    "An email address cannot start with a period.",
    "An email address cannot end with a period.",
    "An email address cannot end with a hyphen.",
    "An email address cannot have a hyphen immediately after the @-sign.",
    "An email address cannot have a period and a hyphen next to each other.",
    "The email address contains an invalid character.",
    "The email address contains unsafe characters",
    "The email address contains invalid characters before the @-sign",
    "The email address contains invalid characters before the @-sign.",
    "Internationalized characters before the @-sign are not supported",
    "Internationalized characters before the @-sign are not supported.",
    "The email address is too long before the @-sign",
    "The email address is too long after the @-sign",
    "The part after the @-sign contains invalid characters",
    "The part after the @-sign contains invalid characters in brackets",
    "The part after the @-sign is not valid. It should have a period.",
    "The part after the @-sign is not valid. It is not within a valid top-level domain.",
    "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
    "A display name and angle brackets around the email address are not permitted here.",
    "A bracketed IP address after the @-sign is not allowed here.",
    "Quoting the part before the @-sign is not allowed here.",
    "After the @-sign, periods cannot be separated by so many characters",
    "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, "
    "except Punycode.",
    'The email address has the "full-width" at-sign (@) character instead of a regular at-sign.',
    'The email address has the "small commercial at" character instead of a regular at-sign.',
    "The email address contains invalid characters after the @-sign after IDNA encoding.",
    "The email address is too long",
    "The part after the @-sign became invalid after normalizing to international characters.",
    "The part after the @-sign contains invalid characters.",
    "The part after the @-sign contains invalid characters after Unicode normalization",
    "The part after the @-sign is invalid.",
    "The part after the @-sign is not valid IDNA.",
)
"""What email-validator says of addresses, as languages have it."""


FUNCTIONS = (
    Function(
        name="phone",
        gives=str,
        group="contact",
        sentence=(
            "Reads a mobile number in any way it may be written and gives its digits without country code and "
            "leading zero, as Omnitron wants Turkish mobiles: 5XXXXXXXXX."
        ),
        call=phone,
        bind=bind_phone,
        parameters=(
            Parameter("region", "The country whose mobile numbers are wanted, in two letters.", "TR"),
            Parameter(
                "default",
                "What a landline, another country's number or no number at all gives; left out, it is an error.",
                GIVE_AN_ERROR,
            ),
        ),
        examples=(
            shows("{{ telephone | phone }}", "5321234567", telephone="0532 123 45 67"),
            shows("{{ telephone | phone('TR') }}", "5321234567", telephone="+90 (532) 1234567"),
            shows("{{ telephone | phone(default=none) }}", None, telephone="0212 555 12 34"),
            fails(
                "{{ telephone | phone }}",
                "'0212 555 12 34' is not a Turkish mobile number; phone(default=none) sends none instead",
                telephone="0212 555 12 34",
            ),
        ),
    ),
    Function(
        name="email",
        gives=str,
        group="contact",
        sentence="Checks that a text can be an e-mail address and writes it in small letters. Asks no server about it.",
        call=email,
        examples=(
            shows("{{ email | email }}", "ali.veli@mail.com", email="Ali.Veli@Mail.COM"),
            shows("{{ email | email }}", "info@xn--rnek-4qa.com", email="info@örnek.com"),
            fails(
                "{{ email | email }}",
                "'ALİ@GMAİL.COM' is not an e-mail address: its domain holds 'İ', as a program makes of an i; correct the source",
                email="ALİ@GMAİL.COM",
            ),
            fails(
                "{{ email | email }}",
                "'ali@' is not an e-mail address: There must be something after the @-sign.",
                email="ali@",
            ),
        ),
    ),
)
