"""The journal as a state machine: whatever happens in whatever order, nothing is lost and nothing is held twice."""

import shutil
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from load_helpers import make_package, user

from etl.journal.database import JournalError
from etl.journal.journal import Draft, Facts, IllegalTransition, Journal
from etl.journal.states import LEGAL, State
from etl.journal.summary import summarise
from etl.journal.workspace import Workspace
from etl.load.planning import Cut, plan_stage
from etl.package import split_records

STAGE = "user"
MAY_HAVE_ARRIVED = (State.SENDING, State.ACCEPTED, State.DONE, State.UNKNOWN)
HOLDS = (*MAY_HAVE_ARRIVED, State.PLANNED)
KEYS = st.lists(st.integers(0, 30), unique=True, max_size=20)


class Omnitron:
    """What truly arrived, which the journal only learns from answers and people."""

    def __init__(self):
        self.arrived = Counter()

    def take(self, keys):
        self.arrived.update(keys)


class Loading(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="journal-machine-"))
        self.workspace = Workspace(self.root)
        self.journal = Journal.open(self.workspace)
        self.omnitron = Omnitron()
        self.packages = []
        self.truth = {}  # of an unknown batch: whether it arrived

    def teardown(self):
        self.journal.close()
        shutil.rmtree(self.root)

    @property
    def current(self):
        return self.packages[-1]

    def pick(self, data, *states):
        batches = [batch for state in states for batch in self.journal.batches(STAGE, state)]
        return data.draw(st.sampled_from(batches)) if batches else None

    # Packages, and the plan

    @initialize(keys=KEYS)
    def first_package(self, keys):
        self.new_package(keys, 0)

    @rule(keys=KEYS, version=st.integers(0, 2))
    def new_package(self, keys, version):
        name = f"p{len(self.packages)}"
        records = [(str(key), user(key, first_name=f"A{version}")) for key in keys]
        package = make_package(self.root / "packages" / name, {STAGE: records}, batch_size=4)
        self.packages.append((package, self.journal.package_id(f"packages/{name}", name)))
        self.journal.supersede([STAGE], lambda batch: batch.package != self.current[1])

    @rule(size=st.integers(1, 6), ramp_up=st.booleans())
    def plan(self, size, ramp_up):
        package, number = self.current
        plan_stage(self.journal, package, number, package.stage(STAGE), Cut(size, ramp_up))
        wanted = {key for batch in package.batches(package.stage(STAGE)) for key, _ in package.index(batch)}
        assert set(self.journal.taken(STAGE, sorted(wanted))) == wanted  # nothing of the package is lost
        [stage] = summarise(self.journal, package, number).stages
        parts = (stage.uploaded, stage.already, stage.changed, stage.waiting, stage.refused, stage.unknown)
        assert stage.records == len(wanted) == sum(parts)
        assert min(parts) >= 0
        assert stage.refused == 0

    # What a POST may come to

    def send(self, data):
        batch = self.pick(data, State.PLANNED)
        if batch is not None:
            self.journal.move(batch.id, State.SENDING)
        return batch

    @rule(data=st.data())
    def accepted(self, data):
        if batch := self.send(data):
            self.omnitron.take(self.journal.keys(batch.id))
            self.journal.move(batch.id, State.ACCEPTED, Facts(migration_id=f"m{batch.id}"))

    @rule(data=st.data())
    def refused(self, data):
        if batch := self.send(data):
            self.journal.move(batch.id, State.REFUSED)

    @rule(data=st.data())
    def surely_not_arrived(self, data):
        if batch := self.send(data):
            self.journal.move(batch.id, State.PLANNED)

    @rule(data=st.data(), arrived=st.booleans())
    def nobody_knows(self, data, arrived):
        if batch := self.send(data):
            self._perhaps(batch, arrived)
            self.journal.move(batch.id, State.UNKNOWN)

    @rule(data=st.data(), arrived=st.booleans(), between=st.booleans())
    def crash(self, data, arrived, between):
        """The process dies while a batch is on its way, or between two."""
        if not between and (batch := self.send(data)):
            self._perhaps(batch, arrived)
        self.journal.close()
        self.journal = Journal.open(self.workspace)
        assert self.journal.batches(STAGE, State.SENDING) == []

    def _perhaps(self, batch, arrived):
        self.truth[batch.id] = arrived
        if arrived:
            self.omnitron.take(self.journal.keys(batch.id))

    @rule(data=st.data())
    def too_large(self, data):
        if batch := self.send(data):
            records = split_records((self.root / batch.file).read_bytes())
            if batch.records == 1:
                self.journal.move(batch.id, State.REFUSED)
            else:
                self.journal.halve(batch.id, records, Facts("413"))

    @rule(data=st.data(), errors=st.integers(0, 3))
    def worked_off(self, data, errors):
        if batch := self.pick(data, State.ACCEPTED):
            self.journal.move(batch.id, State.DONE, Facts(total=batch.records, errors=min(errors, batch.records)))

    @rule(data=st.data(), knows_the_id=st.booleans())
    def decided(self, data, knows_the_id):
        """A person finds out the truth."""
        if batch := self.pick(data, State.UNKNOWN):
            found = State.ACCEPTED if knows_the_id else State.DONE
            self.journal.decide(batch.id, found if self.truth[batch.id] else State.PLANNED, Facts(), "ada")

    # What must not be possible

    @rule(data=st.data(), after=st.sampled_from(State))
    def an_illegal_transition(self, data, after):
        batch = self.pick(data, *State)
        if batch is None or after in LEGAL[batch.state]:
            return
        with pytest.raises(IllegalTransition):
            self.journal.move(batch.id, after)
        assert self.journal.batch(batch.id) == batch

    @rule(data=st.data())
    def planning_a_held_record_again(self, data):
        batch = self.pick(data, *HOLDS)
        if batch is not None:
            keys = self.journal.keys(batch.id)
            with pytest.raises(JournalError, match="would be in two batches"):
                self.journal.add(Draft(STAGE, STAGE, self.current[1], keys, [b"{}"] * len(keys)))

    @invariant()
    def nothing_arrived_twice(self):
        assert all(count == 1 for count in self.omnitron.arrived.values())

    @invariant()
    def no_record_is_in_two_batches_that_hold_it(self):
        held = Counter(
            key
            for state in HOLDS
            for batch in self.journal.batches(STAGE, state)
            for key in self.journal.keys(batch.id)
        )
        assert all(count == 1 for count in held.values())

    @invariant()
    def what_arrived_is_in_a_batch_that_says_it_may_have(self):
        known = {
            key
            for state in MAY_HAVE_ARRIVED
            for batch in self.journal.batches(STAGE, state)
            for key in self.journal.keys(batch.id)
        }
        assert set(self.omnitron.arrived) <= known

    @invariant()
    def every_transition_is_on_record(self):
        for batch in self.journal.batches():
            rows = self.journal.database.rows(
                "SELECT before, after FROM transitions WHERE batch = ? ORDER BY id", (batch.id,)
            )
            steps = [(row["before"], row["after"]) for row in rows]
            assert steps[0] == (None, "planned")
            assert steps[-1][1] == batch.state
            assert all(one[1] == next_one[0] for one, next_one in pairwise(steps))


TestLoading = Loading.TestCase
TestLoading.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
