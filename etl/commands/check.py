"""Find every problem in a mapping."""

from __future__ import annotations

from pathlib import Path

from etl.commands.keeping import latest_kept
from etl.commands.lists import kept_lists
from etl.extract.databases.following import Follow
from etl.mapping import Checked, Opens, ask_servers, load_mapping
from etl.places import workspace_of


def check(
    mapping: Path, workspace: Path | None = None, *, connect: bool = False, follow: Follow | None = None
) -> Checked:
    """Read a mapping and find every problem in it, as far as that can be told without a network.

    Of a server's tables the latest snapshot in the workspace tells the columns. `connect`: the servers are asked, and what
    is behind URLs is looked at. `follow` is told of sources that are opened, and of rows that come from servers.
    """
    lists = kept_lists(workspace_of(mapping, workspace))
    opens, kept = (Opens.ALL, ask_servers) if connect else (Opens.HERE, latest_kept(mapping, workspace))
    with load_mapping(mapping, opens=opens, kept=kept, lists=lists, follow=follow) as checked:
        return checked
