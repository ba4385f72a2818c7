"""The commands: arguments in, exit codes out. No logic; what is heavy is imported by the command that needs it."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""What a shell reports for a command that Ctrl-C ended."""


def main() -> None:
    """Run a command; whatever a person can put right is a message and an exit code, never a traceback."""
    try:
        # Loading takes a moment, in which Ctrl-C may come already.
        from etl.cli.program import run

        run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
