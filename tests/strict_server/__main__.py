from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .answers import Office
from .ledger import Ledger
from .server import Server


def main():
    parser = argparse.ArgumentParser(prog="python -m strict_server")
    parser.add_argument(
        "--folder", type=Path, required=True, help="where the ledger lies; the same one goes on with it"
    )
    parser.add_argument("--token", required=True, help="a token that is valid from the start")
    parser.add_argument("--channel", default="1")
    settings = parser.parse_args()
    ledger = Ledger(settings.folder / "ledger.sqlite")
    server = Server(Office(ledger, settings.token, settings.channel))
    sys.stdout.write(f"listening on {server.url}\n")
    sys.stdout.flush()
    server.serve()


if __name__ == "__main__":
    main()
