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

from etl.journal.batch import Draft, Facts
from etl.journal.batches import IllegalTransition
from etl.journal.database import JournalError
from etl.journal.journal import Journal
from etl.journal.states import LEGAL, RecordState, State
from etl.journal.summary import summarise
from etl.journal.workspace import Workspace
from etl.load.comparing import compare
from etl.load.planning import Cut, plan_batches
from etl.package import split_records

MAY_HAVE_ARRIVED = (State.SENDING, State.ACCEPTED, State.DONE, State.UNKNOWN)
HOLDS = (*MAY_HAVE_ARRIVED, State.PLANNED)
KEYS = st.lists(st.integers(0, 30), unique=True, max_size=20)


class Omnitron:
    """What truly is there, which the journal only learns from answers and people. An e-mail that exists is an error."""

    def __init__(self, unique):
        self.unique = unique
        self.taken = Counter()  # POSTs
        self.created = Counter()

    def take(self, keys):
        self.taken.update(keys)

    def work_off(self, keys, bad=()):
        """How many errors it reports."""
        good = [key for key in keys if key not in bad and not (self.unique and self.created[key])]
        self.created.update(good)
        return len(keys) - len(good)


class Loading(RuleBasedStateMachine):
    STAGE = "user"

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="journal-machine-"))
        self.workspace = Workspace(self.root)
        self.journal = Journal.open(self.workspace)
        self.omnitron = Omnitron(unique=self.STAGE == "user")
        self.sent_again = Counter()
        self.packages = []
        self.truth = {}  # of an unknown batch: whether it arrived

    def teardown(self):
        self.journal.close()
        shutil.rmtree(self.root)

    @property
    def current(self):
        return self.packages[-1]

    def pick(self, data, *states):
        batches = [batch for state in states for batch in self.journal.batches(self.STAGE, state)]
        return data.draw(st.sampled_from(batches)) if batches else None

    # Packages, and the plan

    @initialize(keys=KEYS)
    def first_package(self, keys):
        self.new_package(keys, 0)

    @rule(keys=KEYS, version=st.integers(0, 2))
    def new_package(self, keys, version):
        name = f"p{len(self.packages)}"
        records = [(str(key), user(key, first_name=f"A{version}")) for key in keys]
        package = make_package(self.root / "packages" / name, {self.STAGE: records}, batch_size=4)
        self.packages.append((package, self.journal.runs.package_id(f"packages/{name}", name)))
        self.journal.supersede([self.STAGE], lambda batch: batch.package != self.current[1])

    @rule(size=st.integers(1, 6), ramp_up=st.booleans())
    def plan(self, size, ramp_up):
        package, number = self.current
        plan_batches(self.journal, package, number, package.stage(self.STAGE), Cut(size, ramp_up))
        wanted = {key for batch in package.batches(package.stage(self.STAGE)) for key, _ in package.index(batch)}
        assert set(self.journal.taken(self.STAGE, sorted(wanted))) == wanted  # nothing of the package is lost
        stage = self.add_up(package, number)
        assert stage.refused == 0
        held = self.journal.taken(self.STAGE, sorted(wanted))
        assert stage.unknown == sum(one.fate is RecordState.UNKNOWN for one in held.values())
        assert stage.waiting == sum(one.fate is RecordState.WAITING for one in held.values())
        surely = sum(one.fate is RecordState.FAILED for one in held.values())
        assert surely <= stage.failed <= surely + sum(one.fate is RecordState.DOUBTFUL for one in held.values())

    @rule()
    def looked_at(self):
        """A pilot sends a few records at most, and the counts are those of its package all the same."""
        package, number = self.current
        compare(self.journal, package, number)
        keys = {key for batch in package.batches(package.stage(self.STAGE)) for key, _ in package.index(batch)}
        fates = Counter(one.fate for one in self.journal.taken(self.STAGE, sorted(keys)).values())
        stage = self.add_up(package, number)
        assert stage.unknown == fates[RecordState.UNKNOWN]
        assert stage.waiting + stage.refused == fates[RecordState.WAITING] + len(keys) - fates.total()
        surely = fates[RecordState.FAILED]
        assert surely <= stage.failed <= surely + fates[RecordState.DOUBTFUL]

    def add_up(self, package, number):
        """Every record of the package is counted once, and none as arrived that is not there."""
        [stage] = summarise(self.journal, package, number).stages
        arrived = (stage.uploaded, stage.already, stage.changed)
        parts = (*arrived, stage.failed, stage.waiting, stage.refused, stage.unknown)
        keys = {key for batch in package.batches(package.stage(self.STAGE)) for key, _ in package.index(batch)}
        assert stage.records == len(keys) == sum(parts)
        assert min(*parts, stage.gone, stage.elsewhere) >= 0
        assert sum(arrived) <= sum(self.omnitron.created[key] > 0 for key in keys)
        return stage

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
        assert self.journal.batches(self.STAGE, State.SENDING) == []

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
                self.journal.cut(batch.id, records, (batch.records + 1) // 2, Facts("413"))

    @rule(data=st.data(), size=st.integers(1, 3))
    def errors_before_it(self, data, size):
        batch = self.pick(data, State.PLANNED)
        if batch is not None and batch.records > size:
            records = split_records((self.root / batch.file).read_bytes())
            self.journal.cut(batch.id, records, size, Facts("cut smaller"))

    @rule(data=st.data(), bad=st.sets(st.integers(0, 30)), all_bad=st.booleans())
    def worked_off(self, data, bad, all_bad):
        if batch := self.pick(data, State.ACCEPTED):
            keys = self.journal.keys(batch.id)
            errors = self.omnitron.work_off(keys, keys if all_bad else set(map(str, bad)))
            self.journal.move(batch.id, State.DONE, Facts(total=batch.records, errors=errors))

    @rule(data=st.data(), bad=st.sets(st.integers(0, 30)))
    def delivered(self, data, bad):
        """The whole way at once, which a load goes most of the time; repetitions first."""
        batch = self.journal.next_planned(self.STAGE, again=True) or self.journal.next_planned(self.STAGE)
        if batch is not None:
            keys = self.journal.keys(batch.id)
            self.omnitron.take(keys)
            for state in (State.SENDING, State.ACCEPTED):
                self.journal.move(batch.id, state)
            self.journal.move(batch.id, State.DONE, Facts(errors=self.omnitron.work_off(keys, set(map(str, bad)))))

    @rule(data=st.data(), some=st.booleans())
    def sent_again_on_a_persons_word(self, data, some):
        failed = self.journal.failed(self.STAGE)
        if failed:
            batch = data.draw(st.sampled_from(failed))
            keys = self.journal.counting_keys(batch.id)
            wanted = data.draw(st.lists(st.sampled_from(keys), unique=True, min_size=1)) if some else keys
            assert self.journal.attempts.let_go(batch.id, "ada", wanted if some else None) == len(wanted)
            self.sent_again.update(wanted)
            self.plan(2, False)

    @rule(data=st.data())
    def a_job_died(self, data):
        if batch := self.pick(data, State.ACCEPTED):
            self.journal.died(batch.id, "ada")
            self.sent_again.update(self.journal.keys(batch.id))

    @rule(data=st.data(), knows_the_id=st.booleans())
    def decided(self, data, knows_the_id):
        """A person finds out the truth."""
        if batch := self.pick(data, State.UNKNOWN):
            found = State.ACCEPTED if knows_the_id else State.DONE
            if found is State.DONE and self.truth[batch.id]:
                keys = self.journal.keys(batch.id)
                if self.omnitron.work_off(keys):
                    found = State.ACCEPTED  # nobody would say that all is well
            self.journal.decisions.make(batch.id, found if self.truth[batch.id] else State.PLANNED, Facts(), "ada")

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
        # A done batch has let go of those of its records that were sent again.
        if batch is not None and batch.counting:
            keys = self.journal.keys(batch.id)
            with pytest.raises(JournalError, match="would be in two batches"):
                self.journal.add(Draft(self.STAGE, self.STAGE, self.current[1], keys, [b"{}"] * len(keys)))

    @invariant()
    def nothing_is_sent_twice_but_on_a_persons_word(self):
        assert all(count <= 1 + self.sent_again[key] for key, count in self.omnitron.taken.items())

    @invariant()
    def no_record_is_in_two_batches_that_hold_it(self):
        held = Counter(
            key
            for state in HOLDS
            for batch in self.journal.batches(self.STAGE, state)
            for key in self.journal.counting_keys(batch.id)
        )
        assert all(count == 1 for count in held.values())

    @invariant()
    def what_is_there_is_in_a_batch_that_says_it_may_be(self):
        known = {
            key
            for state in MAY_HAVE_ARRIVED
            for batch in self.journal.batches(self.STAGE, state)
            for key in self.journal.keys(batch.id)
        }
        assert {key for key, count in self.omnitron.created.items() if count} <= known

    @invariant()
    def a_record_that_is_named_as_failed_did_fail(self):
        for batch in self.journal.failed(self.STAGE):
            if batch.failed_whole and not batch.again and not self.omnitron.unique:
                assert not any(self.omnitron.created[key] > self.sent_again[key] for key in self.journal.keys(batch.id))

    @invariant()
    def the_counts_of_every_package_add_up(self):
        for package, number in self.packages:
            self.add_up(package, number)

    @invariant()
    def every_batch_counts_what_it_holds(self):
        for batch in self.journal.batches():
            assert batch.counting == len(self.journal.counting_keys(batch.id))
            assert 0 <= batch.failed <= batch.counting

    @invariant()
    def every_transition_is_on_record(self):
        for batch in self.journal.batches():
            steps = [(step.before, step.after) for step in self.journal.trail.steps(batch.id)]
            assert steps[0] == (None, "planned")
            assert steps[-1][1] == batch.state
            assert all(one[1] == next_one[0] for one, next_one in pairwise(steps))


class LoadingAddresses(Loading):
    """Of these the same one may come twice."""

    STAGE = "address"


TestLoading = Loading.TestCase
TestLoadingAddresses = LoadingAddresses.TestCase
TestLoadingAddresses.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLoading.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
