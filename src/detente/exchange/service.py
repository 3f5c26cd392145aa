"""The exchange at work: one writer that turns commands into durable entries, batch by batch.

Theory of operation. Whoever asks puts a command or a question into a queue and waits. One task
takes turns. In a turn with commands it takes the head of the log, makes the entries true that
others have appended, decides every waiting command one after another, each seeing the ones before
it, appends what was accepted in one durable transaction, and only then lets anybody know. In a turn
without commands it catches up with the log, once for all questions that wait. Nobody ever sees what
is not durable; when an append fails, the state is taken back to what the log says.

If the answer to an append is lost, nobody can tell whether it was made: the writer then asks the
log until it knows, and answers or decides again accordingly.

No sockets, no clock, no randomness here: a simulator runs this very code.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange.airspace import Airspace
from detente.exchange.decide import decide
from detente.exchange.decision import Decision, Reply
from detente.exchange.entries import decode_entry, encode_entry
from detente.exchange.meter import Meter, NoMeter
from detente.exchange.refusals import Refused
from detente.exchange.replay import replay
from detente.exchange.waiting import InDoubt, Pending, Question
from detente.record import (
    AppendUnknown,
    Head,
    HeadMoved,
    Ledger,
    LogUnavailable,
)

T = TypeVar("T")

RANDOM_BYTES: Final = 64
TURN_US_MAX: Final = 50_000
"""After this much deciding a turn ends, and what still waits has the next one."""

_RETRY_FIRST_S: Final = 0.05
_RETRY_MOST_S: Final = 2.0

_log = logging.getLogger(__name__)


class Stopping(DetenteError):
    """The exchange is shutting down and takes nothing new."""

    code = "exchange.stopping"


class Overloaded(DetenteError):
    """More commands wait than the exchange is willing to keep waiting."""

    code = "exchange.overloaded"


class CommandFailed(DetenteError):
    """The command failed by a fault of the exchange; nothing was changed."""

    code = "exchange.command_failed"


class Exchange:
    """One instance of the exchange over a log.

    Args:
        ledger: the log with its integrity, at the position that `airspace` shows.
        airspace: the state after `ledger.size` entries.
        rules: the operator's switches.
        clock: microseconds since 1970, UTC.
        entropy: as many random bytes as asked for.
        alone: nobody else appends to this log, so reading needs no catching up.
        batch_max: commands decided in one turn at most.
        queue_max: commands that may wait; more are refused at once.
        meter: is told of every turn.
    """

    def __init__(
        self,
        ledger: Ledger,
        airspace: Airspace,
        *,
        rules: c.Rules,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
        alone: bool,
        batch_max: int = 128,
        queue_max: int = 10_000,
        meter: Meter | None = None,
    ) -> None:
        self._ledger = ledger
        self._airspace = airspace
        self._rules = rules
        self._clock = clock
        self._entropy = entropy
        self._alone = alone
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._meter: Meter = NoMeter() if meter is None else meter
        self._commands: deque[Pending] = deque()
        self._questions: deque[Question] = deque()
        self._in_doubt: InDoubt | None = None
        self._wake = asyncio.Event()
        self._in_turn = False
        self._stopping = False
        self._stop_now = False
        self._task: asyncio.Task[None] | None = None
        self._retry_s = _RETRY_FIRST_S

    # -- for those who ask -------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """The last head of the log that this instance has seen."""
        return self._ledger.head

    @property
    def waiting(self) -> int:
        """How many commands wait to be decided."""
        return len(self._commands)

    @property
    def now_us(self) -> int:
        """The instance's clock."""
        return self._clock()

    async def submit(self, command: c.Command) -> Reply:
        """Have a command decided; returns once its entry is durable.

        Raises:
            Refused: by a rule of the exchange; nothing was changed.
            Stopping, Overloaded: not taken; nothing was changed.
            LogUnavailable: the log cannot be reached; nothing was changed.
            AppendUnknown: the exchange had to stop before the log told whether it was done.
        """
        if self._stopping:
            raise Stopping("the exchange is shutting down", advice="Ask again in a moment.")
        if len(self._commands) >= self._queue_max:
            raise Overloaded(
                f"{self._queue_max} commands are waiting already", advice="Ask again in a moment."
            )
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._commands.append(Pending(command, answer))
        self._wake.set()
        return await answer

    async def ask(self, view: Callable[[Airspace], T]) -> T:
        """Look at the state: everything that was answered anywhere before is in it.

        Raises:
            Stopping, LogUnavailable: it cannot be told now what is in force.
        """
        if self._stop_now:
            raise Stopping("the exchange is shutting down", advice="Ask again in a moment.")
        if self._alone and not self._in_turn:
            return view(self._airspace)
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._questions.append(Question(view, answer))
        self._wake.set()
        return await answer

    # -- life --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Catch up with the log and begin to take turns.

        Raises:
            LogUnavailable, LogDamaged, UnknownEntry: it cannot be told what is in force.
        """
        await replay(self._ledger, self._apply_all)
        self._task = asyncio.create_task(self._run(), name="exchange-writer")

    async def stop(self) -> None:
        """Finish what was taken, refuse what is new, and end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def wait_closed(self) -> None:
        """Return when the writer has ended; raises what made it end, if it was no `stop`."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def image(self) -> list[bytes]:
        """The state's image, for a snapshot; only between turns, that is after `stop`."""
        if self._in_turn:
            raise RuntimeError("the state is being changed")
        return list(self._airspace.image())

    # -- turns -------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._commands or self._questions or self._in_doubt is not None:
                    await self._turn()
                if self._stopping:
                    return
        except DetenteError as error:
            self._give_up(error)
            raise
        finally:
            self._stopping = self._stop_now = True
            self._give_up(Stopping("the exchange has stopped"))

    async def _turn(self) -> None:
        self._in_turn = True
        commands: list[Pending] = []
        questions: list[Question] = []
        try:
            if self._in_doubt is not None:
                await self._resolve(self._in_doubt)
            while self._commands and len(commands) < self._batch_max:
                pending = self._commands.popleft()
                if not pending.answer.done():
                    commands.append(pending)
            questions.extend(self._questions)
            self._questions.clear()
            if commands:
                await self._write(commands)
            elif questions and not self._alone:
                await self._catch_up()
            self._retry_s = _RETRY_FIRST_S
            for question in questions:
                self._answer(question)
        except AppendUnknown as error:
            # The next turn asks the log; whoever asked something meanwhile waits for that.
            self._note_failure(error)
            self._questions.extendleft(reversed(questions))
        except HeadMoved as error:
            # This instance paused for so long that it lost the head: decided in vain, so again.
            self._note_failure(error)
            self._commands.extendleft(reversed(commands))
            self._questions.extendleft(reversed(questions))
        except LogUnavailable as error:
            self._note_failure(error)
            # What exactly is wrong with the database is for its operator's log alone.
            told = LogUnavailable(
                "the log is not available now; nothing was changed", advice="Ask again in a moment."
            )
            self._refuse(commands, questions, told)
            if self._in_doubt is not None:
                await self._wait_before_retry(told)
        except DetenteError as error:
            self._refuse(commands, questions, error)
            raise
        except BaseException:
            # A fault of our own ends the writer; nobody may go on waiting for it.
            self._refuse(
                commands,
                questions,
                Stopping(
                    "the exchange has failed; whether this was done is not known",
                    advice="Ask what is stored once it runs again.",
                ),
            )
            raise
        finally:
            self._in_turn = False

    async def _write(self, commands: list[Pending]) -> None:
        began_us = self._clock()
        bodies: list[bytes] = []
        journal = self._airspace.journal
        async with self._ledger.writing() as writing:
            until_us = self._clock() + TURN_US_MAX
            self._apply_all(writing.entries, self._ledger.size - len(writing.entries))
            journal.begin()
            try:
                for i, pending in enumerate(commands):
                    if i and self._clock() > until_us:
                        # Costly ones take several turns, so that nobody waits for all of them.
                        self._commands.extendleft(reversed(commands[i:]))
                        del commands[i:]
                        break
                    self._decide(pending, bodies)
                if bodies:
                    await writing.append(bodies)
            except AppendUnknown:
                journal.rollback()
                self._in_doubt = InDoubt(writing, commands)
                raise
            except BaseException:
                journal.rollback()
                raise
            journal.commit()
            for pending in commands:
                pending.tell()
        self._meter.batch(len(commands), len(bodies), (self._clock() - began_us) / 1e6)

    def _decide(self, pending: Pending, bodies: list[bytes]) -> None:
        moment = c.Moment(self._clock(), self._entropy(RANDOM_BYTES))
        pending.refusal = None
        journal = self._airspace.journal
        before = journal.mark()
        try:
            decision: Decision = decide(self._airspace, pending.command, moment, self._rules)
            if decision.entry is not None:
                body = encode_entry(decision.entry)
                self._airspace.apply(decision.entry)
                bodies.append(body)
        except Refused as refusal:
            pending.refusal = refusal
        except Exception as error:  # noqa: BLE001 - a fault in one command must not fail the others
            journal.back_to(before)
            _log.exception("carrying out %s failed", type(pending.command).__name__)
            pending.refusal = CommandFailed("the exchange could not carry out this command")
            pending.refusal.__cause__ = error
        else:
            pending.reply = decision.reply

    async def _catch_up(self) -> None:
        position = self._ledger.size
        self._apply_all(await self._ledger.catch_up(), position)

    def _apply_all(self, bodies: Sequence[bytes], position: int) -> None:
        for i, body in enumerate(bodies):
            self._airspace.apply(decode_entry(body, position + i))

    async def _resolve(self, doubt: InDoubt) -> None:
        """Learn whether a batch was appended; answer it if so, have it decided again if not."""
        await self._catch_up()
        self._in_doubt = None
        if doubt.writing.landed:
            for pending in doubt.commands:
                pending.tell()
        else:
            self._commands.extendleft(reversed(doubt.commands))

    async def _wait_before_retry(self, error: LogUnavailable) -> None:
        """While an outcome is unknown nothing can be told to anybody else: they hear it at once."""
        self._refuse(self._commands, self._questions, error)
        self._commands.clear()
        self._questions.clear()
        if self._stopping:
            self._leave_in_doubt()
            return
        await asyncio.sleep(self._retry_s)
        self._retry_s = min(2 * self._retry_s, _RETRY_MOST_S)

    def _note_failure(self, error: DetenteError) -> None:
        self._meter.log_failed()
        _log.warning("the log is not available: %s", error)

    def _leave_in_doubt(self) -> None:
        doubt, self._in_doubt = self._in_doubt, None
        for pending in doubt.commands if doubt is not None else ():
            pending.fail(
                AppendUnknown(
                    "the log did not answer: the command may or may not have been carried out",
                    advice="Read the entity before asking again.",
                )
            )

    def _answer(self, question: Question) -> None:
        if question.answer.done():
            return
        try:
            question.answer.set_result(question.view(self._airspace))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
            question.answer.set_exception(error)

    @staticmethod
    def _refuse(
        commands: Iterable[Pending], questions: Iterable[Question], error: DetenteError
    ) -> None:
        for pending in commands:
            pending.fail(error)
        for question in questions:
            if not question.answer.done():
                question.answer.set_exception(error)

    def _give_up(self, error: DetenteError) -> None:
        self._refuse(self._commands, self._questions, error)
        self._commands.clear()
        self._questions.clear()
        self._leave_in_doubt()
