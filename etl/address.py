"""Addresses: which ones people's data and secrets may go to; and the one name that an Omnitron channel has in every message."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from enum import Enum
from urllib.parse import quote, unquote, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST_NAME = 200
"""Of a file system's 255 bytes; what belongs to a target, such as a copy of it put aside, is named after it."""

NAME = re.compile(r"(https?)_([a-z0-9.%-]+)(?:_\d+)?_channel_[a-z0-9.%_-]+")


def target_name(url: str, channel: str) -> str:
    """https://shop.example.com/ and channel 7 -> https_shop.example.com_channel_7

    Two targets have two names, on a file system that folds case as well: whatever is not a small letter, a digit, a dot
    or a hyphen is written as %XX. A port is left out where it is the scheme's own; `localhost` is 127.0.0.1.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or PORTS.get(parts.scheme)
    pieces = [parts.scheme, _plain("127.0.0.1" if host == "localhost" else host)]
    pieces += [] if port == PORTS.get(parts.scheme) else [str(port)]
    pieces += ["channel", _plain(channel)]
    pieces += [_plain(parts.path.strip("/"))] if parts.path.strip("/") else []
    return _short("_".join(pieces))


def _plain(text: str) -> str:
    encoded = quote(text, safe="").replace("_", "%5F").replace("~", "%7E")
    return re.sub(r"(%[0-9A-F]{2})|([A-Z])", lambda found: found[1] or f"%{ord(found[2]):02X}", encoded)


def _short(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 65]}_{hashlib.sha256(name.encode()).hexdigest()}"


def is_target_name(name: str) -> bool:
    return NAME.fullmatch(name.lower()) is not None


def is_on_this_machine(name: str) -> bool:
    """Whether a target's name says that it is served from this machine (through a tunnel it may be any)."""
    found = NAME.fullmatch(name.lower())
    return found is not None and is_loopback(unquote(found[2]))


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class AddressFault(Enum):
    """Why nothing is sent to an address."""

    NONE_AT_ALL = "it is no address"
    LOGIN = "it has a user or a password in it, which would end up in logs"
    OPEN = "everybody on the way could read what is sent there"
    QUERY = "it has a query or a fragment, and nothing can be put behind them"


def address_fault(url: str) -> AddressFault | None:
    """The one rule for every address that data or a token goes to. An address that is itself asked may have a query."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return AddressFault.NONE_AT_ALL
    if parts.username is not None or parts.password is not None:
        return AddressFault.LOGIN
    host = parts.hostname or ""
    no_host = not _is_host(host) or port == 0 or _NOT_IN_A_HOST.search(parts.netloc)
    if parts.scheme not in PORTS or no_host or _NOWHERE.search(url):
        return AddressFault.NONE_AT_ALL
    if parts.scheme == "http" and not is_loopback(host):
        return AddressFault.OPEN
    return AddressFault.QUERY if parts.query or parts.fragment else None


# urlsplit passes over line breaks and tabs, and takes a host of any characters.
_NOWHERE = re.compile(r"[\s\x00-\x1f\x7f]")
_NOT_IN_A_HOST = re.compile(r"[<>\"{}|\\^`]")
_NAMES = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_NUMBERS = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]+(%\w+)?")


def _is_host(host: str) -> bool:
    """Names of up to 63 characters with one dot between each (and perhaps one at the end), or the numbers of IPv6."""
    names = host.removesuffix(".").split(".")
    return _NUMBERS.fullmatch(host) is not None or (len(host) <= 253 and all(map(_NAMES.fullmatch, names)))
