"""`python -m etl.sandbox`: the stand-in on its own. Says where it listens in one line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from etl.sandbox.desk import Account
from etl.sandbox.server import serve


def main() -> int:
    settings = _arguments().parse_args()
    try:
        serve(
            settings.host,
            settings.port,
            settings.store,
            account=Account(settings.username, settings.password, settings.channel),
            token=settings.token,
            customers_after=settings.customers_after,
            ready=announce,
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"the sandbox cannot start: {error}\n")
        return 2
    return 0


def announce(url: str) -> None:
    sys.stdout.write(f"listening on {url}\n")
    sys.stdout.flush()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m etl.sandbox", description="A local Omnitron to rehearse against.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 is any free port (default: %(default)s)")
    parser.add_argument("--store", type=Path, help="the SQLite file to keep everything in (default: temporary)")
    parser.add_argument("--token", help="a token that is valid from the start")
    parser.add_argument("--username", default="sandbox", help="default: %(default)s")
    parser.add_argument("--password", default="sandbox", help="default: %(default)s")
    parser.add_argument("--channel", default="1", help="default: %(default)s")
    after = "show migrated users as customers of the channel, so many seconds after they came (default: never)"
    parser.add_argument("--customers-after", type=float, metavar="SECONDS", help=after)
    return parser


if __name__ == "__main__":
    sys.exit(main())
