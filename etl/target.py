"""The Omnitron channel that records go to, as a mapping says it: plain, frozen data. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class Secret:
    """A value that must never be printed, logged or stored; only `reveal()` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not stored")


class Polling(Struct, frozen=True):
    """How a migration_id is followed. Seconds. The four expressions read the answer's JSON, and `records`, the number of
    records that were sent (Omnitron contract)."""

    path: str = "/api/v1/remote/{channel}/migrations/{migration_id}/"
    total: str = "{{ total_count }}"
    success: str = "{{ success_count }}"
    errors: str = "{{ error_count }}"
    done: str = "{{ success_count + error_count >= records }}"
    interval: float = 1.0
    factor: float = 1.5
    longest: float = 30.0
    deadline: float = 3600.0


class Target(Struct, frozen=True):
    """The Omnitron channel to load into. Everything the API's documentation leaves open is a setting here."""

    url: str = ""
    channel: str = ""
    token: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    login_path: str = "/api/v1/auth/login/"
    token_path: str = "/api/v1/active_user/"  # noqa: S105
    start_path: str = "/api/v1/remote/{channel}/migrations/start/{type}/"
    polling: Polling = Polling()
    batch_size: int = 500
    pause: float = 0.0
    ramp_up: bool = False
    cut_after_errors: bool = True
    concurrency: int = 1
    connect_timeout: float = 10.0
    read_timeout: float = 120.0
    retries: int = 5
    retry_wait: float = 1.0
    safe_to_repeat: tuple[int, ...] = ()
    """Statuses with which this Omnitron has surely not taken an upload."""
    ca_bundle: str | None = None
    require_pilot: bool = False
    send_nulls: bool = True
    shop_url: str = ""
    date_format: str = "%Y-%m-%d"
    datetime_format: str = "%Y-%m-%d %H:%M:%S"
    payloads: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Per payload, JSON Schema keywords laid over its properties: {"order": {"currency": {"enum": [...]}}}."""
