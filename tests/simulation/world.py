"""Everything that one seed decides, and the checks that go on all the time.

After each step every new entry of the log is held against the rules; every answer is held against
the log. At quiet points all faults are healed, everybody must recover, and the whole states are
compared byte by byte.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final
from unittest import mock

from tests.simulation import clients, faults, quiet, refusals, replies, rules, weather
from tests.simulation.instances import EPOCH_US, GUARD_M, Instance
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.operations import Operation
from tests.simulation.replies import Summary
from tests.simulation.server import Server
from tests.simulation.shadow import Shadow, State, Violation, demand
from tests.simulation.watched import InjectedFault, Watched

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange import service
from detente.exchange.airspace import Airspace
from detente.exchange.decide import decide
from detente.exchange.decision import Decision, Reply
from detente.exchange.entries import decode_entry, encode_entry
from detente.exchange.refusals import Refused
from detente.exchange.service import CommandFailed, Exchange, Overloaded, Stopping
from detente.record import AppendUnknown, LogUnavailable, ledger

TRACE_KEPT: Final = 80
_FORGET_AFTER_S: Final = 30.0
_QUIET_EVERY_S: Final = 4.0


class Failure(AssertionError):
    """A violation, with all that is needed to see it again."""


class World:
    """One run. See the module's text."""

    def __init__(self, seed: int, steps_max: int, instances: int | None = None) -> None:
        self.seed = seed
        self.steps_max = steps_max
        self.rng = Random(seed)
        drawn = self.rng.choice((1, 2, 2, 3, 3, 4))
        self.instance_count = drawn if instances is None else instances
        self.alone = self.instance_count == 1
        self.counts: Counter[str] = Counter()
        self.weather = weather.draw(self.rng)
        self.server = Server(self.weather, self.count, self.rng.random() < 0.7)
        self.shadow = Shadow()
        self.replica = Airspace(GUARD_M)
        self.instances = [Instance(self, number) for number in range(1, self.instance_count + 1)]
        self.verifiers = [instance.signer.verifier for instance in self.instances]
        self.floor = 0
        self.finished = False
        self.paused = False
        self.busy = 0
        self.fingerprint = 0
        self.trace: deque[str] = deque(maxlen=TRACE_KEPT)
        self.loop = SimulatedLoop(self._after_step)
        self._failure: str | None = None
        self._over = False
        self._operations: dict[int, Operation] = {}
        self._attempts: dict[bytes, list[tuple[Operation, int]]] = {}
        self._recent: deque[tuple[Operation, bytes | None]] = deque()

    # -- running -----------------------------------------------------------------------------

    def run(self) -> None:
        """Run to the end.

        Raises:
            Failure: something was violated; says what, and how to see it again.
        """
        loop = self.loop
        loop.set_exception_handler(self._loop_complains)
        asyncio.set_event_loop(loop)
        try:
            with self._instrumented():
                loop.run_until_complete(self._main())
        except Exception as error:
            raise Failure(self._account(error)) from error
        finally:
            self._unwind()
            asyncio.set_event_loop(None)
            loop.close()

    def _unwind(self) -> None:
        """End whatever is left, so that nothing is left to the garbage collector."""
        self._over = True
        loop = self.loop

        async def end() -> None:
            for instance in self.instances:
                instance.crash()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        loop.run_until_complete(end())

    async def _main(self) -> None:
        for instance in self.instances:
            instance.start()
        beside = [asyncio.ensure_future(faults.nemesis(self))]
        beside += [asyncio.ensure_future(work) for work in clients.all_of(self)]
        for task in beside:
            task.add_done_callback(self._ended)
        while not self.finished:
            await asyncio.sleep(_QUIET_EVERY_S)
            self.finished = self.loop.steps >= self.steps_max
            await quiet.quiet_point(self)
        await quiet.replay_everything(self)
        self._over = True

    def _ended(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(f"the simulator itself: {error!r}")

    @contextmanager
    def _instrumented(self) -> Iterator[None]:
        logger = logging.getLogger(service.__name__)
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)
        try:
            with (
                mock.patch.object(service, "decide", self._decide),
                mock.patch.object(ledger, "_PAGE", self.rng.choice((2, 20, 2000))),
            ):
                yield
        finally:
            logger.setLevel(level)

    def _loop_complains(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "never retrieved" not in context["message"]:
            self.fail(f"{context['message']}: {context.get('exception')!r}")

    def _account(self, error: Exception) -> str:
        again = (
            f"python -m tests.simulation --seed {self.seed} --steps {self.steps_max} "
            f"--episode {self.steps_max} --instances {self.instance_count}"
        )
        return "\n".join(
            (
                *self.trace,
                f"seed {self.seed}, step {self.loop.steps}, {self.loop.time():.6f} s, "
                f"{self.instance_count} instances, {self.shadow.size} entries:",
                f"  {type(error).__name__}: {error}",
                f"again: {again}",
            )
        )

    # -- what the others use -----------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """The true time."""
        return EPOCH_US + round(self.loop.time() * 1e6)

    def count(self, what: str) -> None:
        """Something happened."""
        self.counts[what] += 1

    def note(self, text: str) -> None:
        """Keep a line of the run's story."""
        line = f"{self.loop.time():11.6f} {text}"
        self.fingerprint = zlib.crc32(line.encode(), self.fingerprint)
        self.trace.append(line)

    def fail(self, message: str) -> None:
        """End the run after this step."""
        if self._failure is None:
            self._failure = message

    def batch(self, commands: int, entries: int, seconds: float) -> None:
        """See `Meter`."""
        self.counts["batches"] += 1
        if commands > 1:
            self.counts["batches of several"] += 1

    def log_failed(self) -> None:
        """See `Meter`."""
        self.counts["log failed a writer"] += 1

    def begin(self, command: c.Command | None, asked_of: str, label: str = "") -> Operation:
        """An operation that starts now."""
        label = label or type(command).__name__
        operation = Operation(command, label, asked_of, self.floor, self.loop.time())
        if command is not None:
            self._operations[id(command)] = operation
            self._recent.append((operation, None))
        return operation

    # -- answers -----------------------------------------------------------------------------

    async def submit(self, operation: Operation, exchange: Exchange, process: Process) -> None:
        """Have a command decided, in the process of the instance; check what it says."""
        assert operation.command is not None
        try:
            reply = await exchange.submit(operation.command)
        except Refused as refusal:
            if self._heard(operation, process, f"{type(refusal).__name__}"):
                self._check_refusal(operation, refusal)
                operation.error = refusal
                operation.close("refused")
        except (LogUnavailable, Stopping, Overloaded) as error:
            if self._heard(operation, process, type(error).__name__):
                demand(operation.landed_at is None, f"{error!r}, but it was done")
                operation.close("failed")
        except AppendUnknown:
            if self._heard(operation, process, "AppendUnknown"):
                operation.close("unknown")
        except CommandFailed as error:
            if isinstance(error.__cause__, InjectedFault):
                if self._heard(operation, process, "CommandFailed"):
                    operation.close("failed")
                return
            self.fail(f"a fault in deciding {operation.command}: {error.__cause__!r}")
        except asyncio.CancelledError:
            operation.lost()
            raise
        else:
            if self._heard(operation, process, "done"):
                self._check_reply(operation, reply)
                operation.reply = reply
                operation.close("done")

    async def ask(
        self,
        operation: Operation,
        exchange: Exchange,
        process: Process,
        view: Callable[[Airspace], Summary],
        truth: Callable[[State], Summary],
    ) -> None:
        """Have a question answered; `truth` says what the answer must be in a given state."""

        def look(airspace: Airspace) -> tuple[int, Summary]:
            assert isinstance(airspace, Watched)
            return airspace.position, view(airspace)

        try:
            position, found = await exchange.ask(look)
        except (LogUnavailable, Stopping) as error:
            if self._heard(operation, process, type(error).__name__):
                operation.close("failed")
        except DetenteError as error:
            self.fail(f"a read failed by {error!r}")
        except asyncio.CancelledError:
            operation.lost()
            raise
        else:
            if self._heard(operation, process, "done"):
                self._check_position(operation, position)
                expected = truth(self.shadow.at(position))
                demand(found == expected, f"G2: read {found}, but it is {expected}")
                operation.result = found
                operation.close("done")

    def _heard(self, operation: Operation, process: Process, what: str) -> bool:
        if process.dead or operation.outcome != "open":
            return False
        self.note(f"{operation.asked_of}: {operation.label}: {what}")
        self.counts[f"{operation.label}: {what}"] += 1
        return True

    def _check_position(self, operation: Operation, position: int) -> None:
        demand(position >= operation.floor, f"G2: stale, {position} < {operation.floor}")
        demand(position <= self.shadow.size, "G2: told what is not durable")
        self.floor = max(self.floor, position)

    def _check_reply(self, operation: Operation, reply: Reply) -> None:
        found = replies.of_reply(reply)
        if operation.landed_at is None:
            demand(
                found == ("done",) and not operation.has_entry, "acknowledged, but not in the log"
            )
            self._check_position(operation, operation.decided_at)
            return
        demand(operation.landed_at >= operation.floor, "it was decided before it was asked")
        self._check_position(operation, operation.landed_at + 1)
        demand(found == operation.expected, f"G4: told {found}, should be {operation.expected}")

    def _check_refusal(self, operation: Operation, refusal: Refused) -> None:
        assert operation.command is not None
        demand(operation.landed_at is None, f"refused ({refusal}), but it was done")
        self._check_position(operation, operation.decided_at)
        state = self.shadow.at(operation.decided_at)
        refusals.check(state, operation.command, refusal, operation.decided_us)

    # -- entries -----------------------------------------------------------------------------

    def _decide(
        self, airspace: Airspace, command: c.Command, moment: c.Moment, rules_: c.Rules
    ) -> Decision:
        """The real decision, and who made it in which state."""
        assert isinstance(airspace, Watched)
        operation = self._operations[id(command)]
        operation.decided_at = airspace.position
        operation.decided_us = moment.now_us
        decision = decide(airspace, command, moment, rules_)
        operation.has_entry = decision.entry is not None
        if decision.entry is None:
            return decision
        if self.rng.random() < self.weather.command_fault:
            self.count("command fault")
            airspace.fails_next = True  # so this entry must never be seen
        else:
            body = encode_entry(decision.entry)
            self._attempts.setdefault(body, []).append((operation, airspace.position))
            self._recent.append((operation, body))
        return decision

    def _after_step(self) -> None:
        if self._over:
            return
        if self.server.head.size != self.shadow.size:
            for position in range(self.shadow.size, self.server.head.size):
                self._take(position, self.server.bodies[position])
            self._forget()
        if self._failure is not None:
            raise Violation(self._failure)

    def _take(self, position: int, body: bytes) -> None:
        attempts = self._attempts.get(body, [])
        demand(bool(attempts), f"nobody decided entry {position}: {body!r}")
        meant = [o for o, decided_at in attempts if decided_at == position]
        demand(bool(meant), f"G1: entry {position} was decided in another state: {body!r}")
        # Two clients may ask for the same deletion at the same moment.
        operation = next((o for o in meant if o.may_land), meant[0])
        demand(operation.landed_at is None, f"{operation.command} was done twice")
        demand(
            operation.outcome not in ("refused", "failed"),
            f"{operation.command} was done, although the answer was that it was not",
        )
        demand(operation.outcome != "done", f"{operation.command} was done after the answer")
        assert operation.command is not None
        entry = decode_entry(body, position)
        operation.landed_at = position
        operation.expected = rules.take(self.shadow, entry, operation.command)
        self.replica.apply(entry)
        self.note(f"entry {position}: {type(entry).__name__} by {operation.asked_of}")

    def _forget(self) -> None:
        before_s = self.loop.time() - _FORGET_AFTER_S
        if not self._recent or self._recent[0][0].began_s > before_s - 1.0:
            return
        kept: list[tuple[Operation, bytes | None]] = []
        while self._recent and self._recent[0][0].began_s < before_s:
            operation, body = self._recent.popleft()
            if operation.outcome == "open":
                kept.append((operation, body))
            elif body is not None:
                self._attempts.pop(body, None)
            else:
                self._operations.pop(id(operation.command), None)
        self._recent.extendleft(reversed(kept))
        floor = min((o.floor for o in self._operations.values()), default=self.shadow.size)
        self.shadow.forget(floor)

    def compare_with_replica(self, airspace: Watched, who: str) -> None:
        """A state that shows as much as the log has must be the one that the log gives."""
        if airspace.position == self.shadow.size and self.server.head.size == self.shadow.size:
            self.count("states compared after a rollback")
            if list(airspace.image()) != list(self.replica.image()):
                self.fail(f"{who} shows another state than the log")
