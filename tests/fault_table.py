"""Every fault that a load is tried with, and what must come of it: for tests/load/test_faults.py and docs/reliability.md.

python tests/fault_table.py     writes the table in docs/reliability.md anew
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from fault_world import (
    LOGIN_SETTINGS,
    all_of,
    at,
    damaged,
    elsewhere,
    gate,
    held,
    locked,
    newer_journal,
    no_room,
    no_room_for_the_log,
    no_room_for_the_package,
    no_tls,
    nobody_listens,
    stand_in,
    target,
    wrong_token,
)

from etl.errors import Exit
from etl.seams import SEAMS

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"

BY_ITSELF, RESUME, RESUME_EDITED, DECIDE = (
    "nothing",
    "`etl resume`",
    "`etl resume --old-mapping`",
    "`etl resolve`, `etl resume`",
)


@dataclass(frozen=True)
class Fault:
    """One row.

    what      what happens, and `made` makes it happen: arrange(world, stage), before the run
    state     of the batch that meets it; "" when the stage is not even planned
    exit      code of the run
    says      words of the message
    way       what a person does then; `repair` is what has to be put right before
    from_here the stages before were loaded by an earlier run (the fault would meet them, too)
    first     the stage's first batch meets it, not its second
    batches   the states of the stage's batches, where they are not those that follow from `state`
    processes whether it is also tried with the processes that a person starts
    settled   run with these after the repair
    """

    what: str
    made: Callable
    state: str
    exit: Exit = Exit.OK
    says: str = ""
    way: str = BY_ITSELF
    repair: str = ""
    from_here: bool = False
    batches: tuple[str, ...] = ()
    processes: bool = False
    settled: Callable | None = None
    failed: bool = False

    def expected(self):
        """The states of the stage's batches when the run has ended."""
        if self.batches or not self.state:
            return list(self.batches)
        if self.state == "done":
            return ["done", "done"]
        return [self.state, "planned"] if self.from_here else ["done", self.state]


def start(fault, **settings):
    """The stage's second upload meets it."""
    return stand_in(fault, skip=1, **settings)


def follow(fault, **settings):
    """A look at the stage's first upload meets it."""
    return stand_in(fault, **{"on": "progress", **settings})


def never_arrived(what, made, says, state="planned", **more):
    return Fault(what, made, state, Exit.TARGET, says, **{"way": RESUME, **more})


def nobody_there(what, made, says, **more):
    """It is noticed before anything is prepared."""
    return never_arrived(what, made, says, **{"state": "", "way": "`etl run`", "from_here": True, **more})


def refused(what, made, says="nothing of it was accepted; put the cause right", **more):
    return Fault(what, made, "refused", Exit.TARGET, says, **{"way": RESUME, "repair": "put the cause right", **more})


def unknown(what, made, says="it may have arrived, so it is not sent again", **more):
    return Fault(what, made, "unknown", Exit.UNKNOWN, says, **{"way": DECIDE, **more})


def accepted(what, made, says, **more):
    return Fault(
        what, made, "accepted", Exit.TARGET, says, **{"way": RESUME, "batches": ("accepted", "planned"), **more}
    )


def here(what, made, state, says, exit=Exit.MAPPING, **more):
    return Fault(what, made, state, exit, says, **{"way": RESUME, "from_here": True, **more})


login = target(token=None, **LOGIN_SETTINGS)
GIVEN_UP = "given up after 4 attempts; nothing of it arrived"

SURELY_NOT_ARRIVED = (
    Fault(
        "connections are refused for a moment",
        all_of(target(retries=30, retry_wait=0.05), stand_in("refuse", seconds=0.3)),
        "done",
    ),
    never_arrived(
        "connections are refused for longer than `retries`", at("planned {last}", elsewhere(nobody_listens)), GIVEN_UP,
        from_here=True,
    ),
    nobody_there(
        "nobody listens there", elsewhere(nobody_listens), "given up after 4 attempts, before anything was prepared or sent",
        repair="start it, or put `target.url` right",
    ),
    nobody_there(
        "the name does not resolve", elsewhere("https://no-such-host.invalid"),
        "given up after 4 attempts, before anything was prepared or sent", repair="DNS, or `target.url`",
    ),
    nobody_there("TLS fails", elsewhere(no_tls), "TLS failed", repair="the certificate, or `target.ca_bundle`"),
    Fault("429 with Retry-After", start("error_before", status=429, retry_after=1), "done", processes=True),
    never_arrived("429 again and again", start("error_before", status=429, times=-1), GIVEN_UP),
    never_arrived(
        "429 with a Retry-After of a day",
        start("error_before", status=429, retry_after=86400),
        "given up, for it asks to wait 86400 s",
    ),
    Fault(
        "503, where `safe_to_repeat` names it",
        all_of(target(safe_to_repeat=[503]), start("error_before", status=503, retry_after=1)),
        "done",
    ),
    Fault("401: the token has expired, and a login is known", all_of(login, start("expire_token")), "done", processes=True),
    never_arrived(
        "401: the token has expired, and no login is known",
        start("expire_token"), "does not accept the token", repair="a new token",
    ),
    never_arrived(
        "401 again after a fresh login",
        all_of(login, start("expire_token", times=2)),
        "not even after a fresh login; nothing of it was accepted",
        repair="the login's rights",
    ),
    nobody_there("the token is wrong", wrong_token, "does not accept the token", repair="the right token", processes=True),
)  # fmt: skip

SURELY_REFUSED = (
    *(
        refused(f"{status}", start("error_before", status=status), processes=status == 406)
        for status in (400, 404, 406, 415)
    ),
    Fault(
        "413: the batch is too large",
        start("too_large", size=1, times=1),
        "done",
        batches=("done", "superseded", "done", "done"),
        processes=True,
    ),
    refused(
        "413 for a single record",
        start("too_large", size=1),
        batches=("done", "superseded", "refused", "planned"),
    ),
    refused("a redirect", start("error_before", status=302), "which is not followed; check target.url"),
)

FATE_UNKNOWN = (
    *(
        unknown(
            f"{status}, {which} accepting", start(fault, status=status), processes=(status, which) == (500, "after")
        )
        for status in (500, 502, 504)
        for which, fault in (("before", "error_before"), ("after", "error_after"))
    ),
    unknown("503 without Retry-After", start("error_before", status=503)),
    unknown("503 with Retry-After, before accepting", start("error_before", status=503, retry_after=1)),
    unknown("503 with Retry-After, after accepting", start("error_after", status=503, retry_after=1)),
    unknown("the connection drops before the body is read", start("drop_before_body")),
    unknown("the connection drops in the middle of the body", start("drop_during_body"), processes=True),
    unknown("the connection drops after the body", start("drop_after_body")),
    unknown("the connection drops after accepting", start("drop_after_accept")),
    unknown("half an answer", start("half_answer")),
    unknown("an answer that is not HTTP", start("not_http")),
    unknown("an answer that is not JSON", start("wrong_json"), "(no readable migration_id)"),
    unknown("an answer without a migration_id", start("no_migration_id"), "(no readable migration_id)"),
    unknown(
        "a migration_id longer than any can be",
        start("no_migration_id", body={"migration_id": "x" * 129}),
        "(no readable migration_id)",
    ),
    unknown("the migration_id of another batch", start("repeated_id"), "which is batch "),
    unknown(
        "an answer that comes byte by byte, and not in time",
        all_of(target(read_timeout=0.5), start("trickle", seconds=0.2)),
        "no whole answer within 0.5 s",
    ),
    unknown(
        "no answer in time, though it was accepted",
        all_of(target(read_timeout=0.3), stand_in("delay_answer", seconds=2)),
        "no whole answer within 0.3 s",
        from_here=True,
    ),
    unknown(
        "no answer in time, and it was not read",
        all_of(target(read_timeout=0.3), stand_in("delay", seconds=1)),
        "no whole answer within 0.3 s",
        from_here=True,
    ),
)


def counts(total, success, errors):
    return {"total_count": total, "success_count": success, "error_count": errors}


def queued(total, errors=0):
    """The first looks at it find only what has been read until then."""
    return follow("unknown_progress", body=counts(total, 0, errors), times=3)


def never_ended(what, made, says, **more):
    deadline = target(polling={"interval": 0.01, "longest": 0.05, "deadline": 0.3})
    return accepted(what, all_of(deadline, made), says, from_here=True, **more)


FOLLOWING = (
    Fault("502 to the question for progress", follow("error_before", status=502, times=3), "done"),
    Fault("the connection drops while asking for progress", follow("drop_after_accept", times=3), "done"),
    Fault("401 to the question for progress, and a login is known", all_of(login, follow("expire_token")), "done"),
    Fault("401 to the question for progress once, and no login is known", follow("error_before", status=401), "done"),
    Fault(
        "404 to the question for progress: the migration is not registered yet",
        follow("error_before", status=404),
        "done",
    ),
    Fault("counts of 0: the migration is queued", queued(total=0), "done", processes=True),
    Fault("a total that still grows", queued(total=1, errors=1), "done"),
    Fault("a count that is null", follow("unknown_progress", body=counts(2, 2, None)), "done"),
    Fault("progress that is a page of HTML", follow("wrong_json", body="<h1>Maintenance</h1>"), "done"),
    never_ended(
        "404 to every question for progress",
        follow("error_before", status=404, times=-1),
        'answered 404: {"detail":"Made to answer 404."}; check target.polling.path',
        repair="`target.polling.path`",
        way=RESUME_EDITED,
        processes=True,
    ),
    never_ended(
        "progress in a shape that the settings cannot read",
        follow("unknown_progress", times=-1),
        'answered 200: {"state":"RUNNING"}; this cannot be read: target.polling.total: there is no \'total_count\'',
        repair="`target.polling`",
        way=RESUME_EDITED,
    ),
    never_ended(
        "counts that never reach what was sent",
        follow("unknown_progress", body=counts(1, 1, 0), times=-1),
        'answered 200: {"total_count":1,"success_count":1,"error_count":0}',
    ),
    never_ended("progress never ends", follow("never_ends"), "the batch stays accepted", processes=True),
    Fault(
        "a total above what was sent",
        follow("unknown_progress", body=counts(3, 2, 0), on="finished"),
        "done",
        Exit.OK,
    ),
    Fault(
        "errors, as many as the gate allows",
        all_of(gate(errors=1), stand_in("errors")),
        "done",
        Exit.DATA,
        "failed at Omnitron: 1 record; `etl status` names the batches",
        failed=True,
    ),
    Fault(
        "more errors than the gate allows",
        stand_in("errors"),
        "done",
        Exit.DATA,
        "more than its gate allows, so it stops here",
        RESUME_EDITED,
        "look at the batch; raise the gate",
        batches=("done", "planned"),
        settled=gate(errors=1),
        processes=True,
        failed=True,
    ),
)

NO_ROOM = "the disk cannot take more"
THIS_SIDE = (
    here(
        "no room for the package", no_room_for_the_package, "", "the disk cannot take the package", Exit.DATA,
        way="`etl run`", repair="make room", processes=True,
    ),
    here("no room for requests.jsonl", no_room_for_the_log, "",
         "requests.jsonl: cannot be written (No space left on device)", way="`etl run`", repair="make room", processes=True),
    here("no room for requests.jsonl before the POST", at("planned {last}", no_room_for_the_log), "planned",
         "requests.jsonl: cannot be written (No space left on device)", repair="make room"),
    unknown(
        "no room for requests.jsonl when the answer comes", at("answer:received", no_room_for_the_log),
        "requests.jsonl: cannot be written", repair="make room", from_here=True,
    ),
    here("no room for the journal before the POST", at("sending:unwritten", no_room), "planned", NO_ROOM, repair="make room"),
    here(
        "no room for the journal when the answer comes", at("answer:logged", no_room), "sending",
        "but this could not be written", repair="make room",
    ),
    here(
        "no room for the journal when the batch is done", at("done:unwritten", no_room), "accepted", NO_ROOM,
        repair="make room",
    ),
    here(
        "another program has locked the journal before the POST", at("planned {last}", locked), "planned",
        "locked by another program; close what has it open", repair="close it",
    ),
    here(
        "another program has locked the journal when the answer comes", at("answer:logged", locked), "sending",
        "but this could not be written", repair="close it",
    ),
    here(
        "a newer version has written the journal", newer_journal, "", "written by a newer omnitron-etl",
        way="`etl run`", repair="use that version", processes=True,
    ),
    here(
        "another run holds the migration", held, "", "one load at a time: wait for it, or stop it with Ctrl-C",
        way="`etl run`", repair="wait for it", processes=True,
    ),
    here(
        "a payload file was changed before it was planned", at("run:begun", damaged), "",
        "changed since it was prepared (SHA-256 differs); nothing of it is used", Exit.DATA, repair="the file as it was",
    ),
    here(
        "a payload file was changed after it was planned", at("planned {last}", damaged), "planned",
        "changed since it was planned (SHA-256 differs)", Exit.DATA, repair="the file as it was",
    ),
)  # fmt: skip

GROUPS = {
    "Surely not arrived": SURELY_NOT_ARRIVED,
    "Surely refused": SURELY_REFUSED,
    "Fate unknown": FATE_UNKNOWN,
    "While it is followed": FOLLOWING,
    "On this side": THIS_SIDE,
}
FAULTS = tuple(fault for group in GROUPS.values() for fault in group)
FROM_OUTSIDE = tuple(fault for group in GROUPS.values() if group is not THIS_SIDE for fault in group)
"""Those that a server makes; they are tried against the strict server, too, each at one stage."""


def table():
    """The page's part that is written by this file."""
    lines = [f"{len(FAULTS)} faults, each at each of the four stages."]
    for title, group in GROUPS.items():
        lines += [
            "",
            f"### {title}",
            "",
            "| what happens | batch is then | exit code | the message says | the way on |",
        ]
        lines += ["| --- | --- | ---: | --- | --- |", *(_row(fault) for fault in group)]
    return "\n".join(lines)


def _row(fault):
    batch = {"": "not planned", "sending": "`sending`, from the next command on `accepted`"}.get(
        fault.state, f"`{fault.state}`"
    )
    if "superseded" in fault.batches:
        batch += " (halved)"
    way = f"{fault.repair}, then {fault.way}" if fault.repair else fault.way
    return f"| {fault.what} | {batch} | {int(fault.exit)} | {fault.says or '(nothing)'} | {way} |"


def seams():
    return fill(", ".join(f"`{seam}`" for seam in SEAMS), 120, break_on_hyphens=False)


def page(text):
    """The page with its two parts as they should be."""
    for name, written in (("faults", table()), ("seams", seams())):
        begin, end = f"<!-- {name}: written by tests/fault_table.py -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{written}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {len(FAULTS)} faults\n")
