"""The function `unusable_password`: for shops whose passwords cannot come along."""

from __future__ import annotations

from collections.abc import Callable

from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import PRIVATE_KEYS, Function, Parameter, Resource
from etl.expressions.functions.values import as_text


class PrivateKey:
    """A key that reaches other processes and is never shown. Different for each stage."""

    __slots__ = ("_data",)

    def __init__(self, secret: bytes, stage: str = "") -> None:
        import hmac

        self._data = hmac.digest(secret, stage.encode(), "sha256")

    def sign(self, text: str) -> str:
        import hmac

        return hmac.digest(self._data, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def __repr__(self) -> str:
        return "PrivateKey(***)"


UNUSABLE = "0" * 64
"""What stands for a digest that no password has, where passwords are counted: it is told from all others by its looks."""


class Counted(PrivateKey):
    """The key of a count: what is made under it is told from what the old shop stored."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(b"")

    def sign(self, text: str) -> str:
        return UNUSABLE


def bind_unusable_password(*, key: Resource) -> Callable[[object], str]:
    private: PrivateKey = key.content
    return lambda value: private.sign(as_text(value))


def unusable_password(value: object, *, key: Resource) -> str:
    return bind_unusable_password(key=key)(value)


FUNCTIONS = (
    Function(
        name="unusable_password",
        gives=str,
        group="code",
        sentence=(
            "Makes a digest that no password has, another one for each record, for shops whose passwords cannot come along; "
            "its algorithm is sha256. It is made of the stage and the record's key, which is the piped value, under a secret "
            "in the workspace, so that the next dry-run makes it again. Customers reset their password at first login."
        ),
        call=unusable_password,
        bind=bind_unusable_password,
        parameters=(Parameter("key", "Given by the engine.", "passwords", resource=PRIVATE_KEYS),),
        examples=(
            shows(
                "{{ customer_id | unusable_password }}",
                "b5c5b686a32b2ec1074a718c8d2f5af2649e1e01370481c7dd8436a456c73784",
                customer_id="7",
            ),
            shows("{{ customer_id | unusable_password }}", None, customer_id=""),
            fails(
                "{{ customer_id | unusable_password('x') }}",
                "unusable_password takes no arguments",
                customer_id="7",
            ),
        ),
    ),
)
