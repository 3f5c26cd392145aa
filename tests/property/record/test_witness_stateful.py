"""A witness signs one history of a log only, whatever its owner and its own fate do to it.

The machine of `tests.support.witness_machine` must also fail for witnesses that are spoilt in ways
that one could overlook: otherwise its passing would say nothing.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.support.witness_machine import FileMachine, WitnessMachine
from tests.support.witness_world import LOG_KEYS, STRANGER, MemoryWitnessStore

from detente.record import (
    KnownLog,
    Witness,
    WitnessState,
    WitnessUnconvinced,
    decide_confirmation,
    read_checkpoint,
    witness,
    witness_store,
)

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
TestWitness = WitnessMachine.TestCase
TestWitness.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=QUIET
)


def test_the_file_keeps_what_the_machine_remembers(tmp_path: Path) -> None:
    FileMachine.directories = (Path(tempfile.mkdtemp(dir=tmp_path)) for _ in itertools.count())
    run_state_machine_as_test(
        FileMachine,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=QUIET
        ),
    )


# --- the machine notices --------------------------------------------------------------------------


@contextmanager
def no_consistency_check() -> Iterator[None]:
    with patch.object(witness, "verify_consistency", lambda *_: True):
        yield


@contextmanager
def nothing_is_stored() -> Iterator[None]:
    with patch.object(MemoryWitnessStore, "swap", lambda *_: True):
        yield


@contextmanager
def nothing_is_compared_when_storing() -> Iterator[None]:
    def swap(self: MemoryWitnessStore, old: WitnessState, new: WitnessState) -> bool:
        self.states[new.origin] = new
        return True

    with patch.object(MemoryWitnessStore, "swap", swap):
        yield


@contextmanager
def confirmed_from_the_start() -> Iterator[None]:
    with patch.object(
        witness_store,
        "decide_add_checkpoint",
        lambda *args, confirmed: witness.decide_add_checkpoint(*args, confirmed=True),
    ):
        yield


@contextmanager
def any_old_size_will_do() -> Iterator[None]:
    def decide(request: Any, log: Any, state: WitnessState, *, confirmed: bool) -> Any:
        request = replace(request, old_size=state.size)
        return witness.decide_add_checkpoint(request, log, state, confirmed=confirmed)

    with patch.object(witness_store, "decide_add_checkpoint", decide):
        yield


@contextmanager
def the_stored_root_is_not_looked_at() -> Iterator[None]:
    """An old size that fits is enough: what is compared is what the request itself says."""

    def decide(request: Any, log: Any, state: WitnessState, *, confirmed: bool) -> Any:
        claimed = read_checkpoint(request.note)
        if claimed.size == state.size == request.old_size:
            state = replace(state, root=claimed.root)
        return witness.decide_add_checkpoint(request, log, state, confirmed=confirmed)

    with patch.object(witness_store, "decide_add_checkpoint", decide):
        yield


@contextmanager
def a_confirmation_moves_nothing() -> Iterator[None]:
    def confirm(state: WitnessState, *args: Any, **more: Any) -> WitnessState:
        decide_confirmation(state, *args, **more)
        return state

    with patch.object(witness_store, "decide_confirmation", confirm):
        yield


@contextmanager
def a_confirmation_sets_back() -> Iterator[None]:
    """What is shown is believed even if more is remembered."""

    def confirm(state: WitnessState, *args: Any, **more: Any) -> WitnessState:
        blank = WitnessState(state.origin)
        try:
            return decide_confirmation(blank, *args, **more)
        except WitnessUnconvinced:
            return decide_confirmation(state, *args, **more)

    with patch.object(witness_store, "decide_confirmation", confirm):
        yield


@contextmanager
def anchors_are_not_read() -> Iterator[None]:
    def confirm(
        state: WitnessState, log: KnownLog, key: Any, shown: Any, anchors: Any, **more: Any
    ) -> WitnessState:
        more["first_contact"] |= not shown
        return decide_confirmation(state, log, key, shown, (), **more)

    with patch.object(witness_store, "decide_confirmation", confirm):
        yield


@contextmanager
def everything_is_a_first_contact() -> Iterator[None]:
    def confirm(*args: Any, first_contact: bool, **more: Any) -> WitnessState:
        return decide_confirmation(*args, first_contact=True, **more)

    with patch.object(witness_store, "decide_confirmation", confirm):
        yield


@contextmanager
def what_is_remembered_needs_no_proof() -> Iterator[None]:
    def confirm(state: WitnessState, *args: Any, **more: Any) -> WitnessState:
        try:
            return decide_confirmation(state, *args, **more)
        except WitnessUnconvinced:
            if state.note:
                return state
            raise

    with patch.object(witness_store, "decide_confirmation", confirm):
        yield


@contextmanager
def what_was_signed_last_is_given_away_at_once() -> Iterator[None]:
    with patch.object(Witness, "last_signed", lambda self, origin: self.state(origin).note or None):
        yield


@contextmanager
def signatures_leave_before_they_are_stored() -> Iterator[None]:
    sign = Witness._sign

    def leak(self: Any, accepted: Any) -> Any:
        state, line = sign(self, accepted)
        self.leaks = [state.note]
        return state, line

    with patch.object(Witness, "_sign", leak):
        yield


@contextmanager
def anybody_may_sign_for_the_log() -> Iterator[None]:
    def decide(request: Any, log: Any, state: WitnessState, *, confirmed: bool) -> Any:
        if log is not None:
            log = replace(log, verifiers=tuple(k.verifier for k in (*LOG_KEYS, STRANGER)))
        return witness.decide_add_checkpoint(request, log, state, confirmed=confirmed)

    with patch.object(witness_store, "decide_add_checkpoint", decide):
        yield


MUTATIONS: list[Callable[[], AbstractContextManager[None]]] = [
    no_consistency_check,
    nothing_is_stored,
    nothing_is_compared_when_storing,
    confirmed_from_the_start,
    any_old_size_will_do,
    the_stored_root_is_not_looked_at,
    a_confirmation_moves_nothing,
    a_confirmation_sets_back,
    anchors_are_not_read,
    everything_is_a_first_contact,
    what_is_remembered_needs_no_proof,
    what_was_signed_last_is_given_away_at_once,
    signatures_leave_before_they_are_stored,
    anybody_may_sign_for_the_log,
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_spoilt_witness_is_found_out(
    mutation: Callable[[], AbstractContextManager[None]],
) -> None:
    with mutation(), pytest.raises(AssertionError):
        run_state_machine_as_test(
            WitnessMachine,
            settings=settings(
                max_examples=2000,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
