"""Load a package into Omnitron, losing nothing and repeating nothing. What the command line calls:

check_ready       whether a load could begin
load, resume      upload a package; go on where the last one ended        -> LoadSummary
read_summary      what has become of a package's records                  -> LoadSummary
read_status       where the migration stands                              -> Status
read_changed      the records that are not sent again                     -> list of ChangedRecord
resolve           a person's decision about a batch                       -> Decision
Uploaded          which records have arrived in earlier loads
read_history      everything known of one record                          -> History
run_pilot         the test migration                                      -> PilotResult
verify            what the shop shows of it                               -> VerifyReport
Outside, Stop     the world around a load: clock, HTTP, watcher, signals
"""

from etl.load.database import JournalError, NoJournal
from etl.load.history import History, Sending, Step, Verdict, read_history
from etl.load.outside import Event, Outside
from etl.load.pilot import PilotResult, PilotStage, run_pilot
from etl.load.progress import DeadlineMissed, Unreadable
from etl.load.resolve import Decision, resolve
from etl.load.seams import SEAMS, seam_from_environment
from etl.load.status import Attention, ChangedRecord, RunStatus, StageStatus, Status, read_changed, read_status
from etl.load.stop import Stop, Stopped
from etl.load.summary import LoadSummary, StageSummary, read_summary
from etl.load.uploaded import Uploaded
from etl.load.uploader import GateClosed, check_ready, last_package, load, resume
from etl.load.verify import Check, Outcome, VerifyReport, verify
from etl.load.workspace import Holder, Occupied, Workspace

__all__ = [
    "SEAMS",
    "Attention",
    "ChangedRecord",
    "Check",
    "DeadlineMissed",
    "Decision",
    "Event",
    "GateClosed",
    "History",
    "Holder",
    "JournalError",
    "LoadSummary",
    "NoJournal",
    "Occupied",
    "Outcome",
    "Outside",
    "PilotResult",
    "PilotStage",
    "RunStatus",
    "Sending",
    "StageStatus",
    "StageSummary",
    "Status",
    "Step",
    "Stop",
    "Stopped",
    "Unreadable",
    "Uploaded",
    "Verdict",
    "VerifyReport",
    "Workspace",
    "check_ready",
    "last_package",
    "load",
    "read_changed",
    "read_history",
    "read_status",
    "read_summary",
    "resolve",
    "resume",
    "run_pilot",
    "seam_from_environment",
    "verify",
]
