"""The writer: what it tells whom, and when."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from detente.exchange import commands as c
from detente.exchange.airspace import Airspace, ImageReader
from detente.exchange.decide import decide
from detente.exchange.decision import Decision
from detente.exchange.refusals import MissingOvns, NotFound
from detente.exchange.service import CommandFailed, Exchange, Overloaded, Stopping
from detente.geo import Circle, Volume4D, extent_of
from detente.record import (
    AppendUnknown,
    Head,
    Ledger,
    LogUnavailable,
    MemoryLog,
    MemoryStore,
    Writing,
    generate_key,
)

pytestmark = pytest.mark.anyio

NOW_US = 1_900_000_000_000_000
HOUR_US = 3_600_000_000


class FaultyLog(MemoryLog):
    """A log in memory whose next appends can be made to fail."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        super().__init__(store or MemoryStore())
        self.fail_before = 0
        self.lose_answer = 0
        self.lose_request = 0
        self.fault: Exception | None = None
        self.held = asyncio.Event()
        self.held.set()

    @asynccontextmanager
    async def writing(self, since: int | None = None) -> AsyncIterator[Writing]:
        async with super().writing(since) as writing:
            yield _FaultyWriting(self, writing)


class _FaultyWriting:
    def __init__(self, log: FaultyLog, writing: Writing) -> None:
        self._log = log
        self._writing = writing

    @property
    def head(self) -> Head:
        return self._writing.head

    async def read(self, since: int, limit: int) -> list[bytes]:
        return await self._writing.read(since, limit)

    async def append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
        also: Sequence[object] = (),
    ) -> None:
        await self._log.held.wait()
        if self._log.fault is not None:
            raise self._log.fault
        if self._log.fail_before:
            self._log.fail_before -= 1
            raise LogUnavailable("told to fail")
        if self._log.lose_request:
            self._log.lose_request -= 1
            raise AppendUnknown("told to lose the request")
        await self._writing.append(expected_size, bodies, leaf_hashes, head)
        if self._log.lose_answer:
            self._log.lose_answer -= 1
            raise AppendUnknown("told to lose the answer")


def intent(number: int, *, place: int | None = None, key: Sequence[str] = ()) -> c.Command:
    """An operational intent, by default at a place of its own."""
    lat = (number if place is None else place) * 0.01
    volume = Volume4D(Circle(lat, 7.0, 50.0), 0.0, 100.0, NOW_US, NOW_US + HOUR_US)
    url = "https://a.example"
    return c.PutOperationalIntent(
        "uss_a",
        f"00000000-0000-4000-8000-{number:012d}",
        None,
        extent_of([volume]),
        "Accepted",
        url,
        frozenset(key),
        new_subscription=c.NewSubscription(url, False),
    )


class Setting:
    """An exchange on a faulty log."""

    def __init__(self, queue_max: int = 1000) -> None:
        self.log = FaultyLog()
        self.now_us = NOW_US
        self.slow_us = 0
        self.airspace = Airspace()
        self.ledger = Ledger(self.log, generate_key("tests"), "tests")
        self.exchange = Exchange(
            self.ledger,
            self.airspace,
            rules=c.Rules(),
            clock=self.clock,
            entropy=random.Random(1).randbytes,
            alone=True,
            queue_max=queue_max,
        )

    def clock(self) -> int:
        """Time goes on by `slow_us` with each look at it."""
        self.now_us += self.slow_us
        return self.now_us

    def image(self) -> list[bytes]:
        return list(self.airspace.image())

    async def replayed(self) -> list[bytes]:
        """The state that the log alone gives."""
        airspace = Airspace()
        other = Exchange(
            Ledger(self.log, None, "tests"),
            airspace,
            rules=c.Rules(),
            clock=lambda: NOW_US,
            entropy=random.Random(2).randbytes,
            alone=False,
        )
        await other.start()
        await other.stop()
        return list(airspace.image())


@asynccontextmanager
async def running(queue_max: int = 1000) -> AsyncIterator[Setting]:
    setting = Setting(queue_max)
    await setting.exchange.start()
    try:
        yield setting
    finally:
        await setting.exchange.stop()


async def stored(setting: Setting) -> int:
    return await setting.exchange.ask(lambda airspace: len(airspace.intents))


async def test_commands_that_wait_together_are_appended_together() -> None:
    async with running() as setting:
        setting.log.held.clear()
        first = asyncio.create_task(setting.exchange.submit(intent(0)))
        for _ in range(5):
            await asyncio.sleep(0)  # the first turn begins, and waits for the log
        others = [asyncio.create_task(setting.exchange.submit(intent(n))) for n in range(1, 31)]
        await asyncio.sleep(0)
        setting.log.held.set()
        await asyncio.gather(first, *others)
        sizes = [checkpoint.size for checkpoint in await setting.log.checkpoints(0, 100)]
        assert sizes == [1, 31]


async def test_a_command_sees_those_before_it_in_its_batch() -> None:
    async with running() as setting:
        setting.log.held.clear()
        tasks = [asyncio.create_task(setting.exchange.submit(intent(n, place=0))) for n in range(2)]
        await asyncio.sleep(0)
        setting.log.held.set()
        await tasks[0]
        with pytest.raises(MissingOvns) as refusal:
            await tasks[1]
        assert [r.id for r in refusal.value.intents] == ["00000000-0000-4000-8000-000000000000"]


async def test_nobody_sees_what_is_not_durable() -> None:
    async with running() as setting:
        setting.log.held.clear()
        write = asyncio.create_task(setting.exchange.submit(intent(1)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        read = asyncio.create_task(stored(setting))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not read.done()
        assert not write.done()
        setting.log.held.set()
        await write
        assert await read == 1


async def test_a_failed_append_leaves_the_state_of_the_log() -> None:
    async with running() as setting:
        await setting.exchange.submit(intent(1))
        before = setting.image()
        setting.log.fail_before = 1
        with pytest.raises(LogUnavailable):
            await setting.exchange.submit(intent(2))
        assert setting.image() == before == await setting.replayed()
        await setting.exchange.submit(intent(3))
        assert setting.image() == await setting.replayed()


async def test_a_refusal_is_not_told_when_the_batch_it_rests_on_failed() -> None:
    async with running() as setting:
        setting.log.held.clear()
        setting.log.fail_before = 1
        tasks = [asyncio.create_task(setting.exchange.submit(intent(n, place=0))) for n in range(2)]
        await asyncio.sleep(0)
        setting.log.held.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [LogUnavailable, LogUnavailable]


async def test_a_lost_answer_becomes_the_true_one() -> None:
    async with running() as setting:
        setting.log.lose_answer = 1
        reply = await setting.exchange.submit(intent(1))
        assert reply is not None
        assert await stored(setting) == 1
        assert setting.image() == await setting.replayed()


async def test_a_lost_request_is_carried_out_after_all() -> None:
    async with running() as setting:
        setting.log.lose_request = 2
        await setting.exchange.submit(intent(1))
        assert setting.ledger.size == 1
        assert setting.image() == await setting.replayed()


async def test_stopping_finishes_what_was_taken_and_refuses_the_rest() -> None:
    setting = Setting()
    await setting.exchange.start()
    setting.log.held.clear()
    taken = [asyncio.create_task(setting.exchange.submit(intent(n))) for n in range(5)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(setting.exchange.stop())
    await asyncio.sleep(0)
    with pytest.raises(Stopping):
        await setting.exchange.submit(intent(9))
    setting.log.held.set()
    await asyncio.gather(*taken)
    await stopping
    assert setting.ledger.size == 5
    with pytest.raises(Stopping):
        await stored(setting)


async def test_a_fault_of_the_writer_leaves_nobody_waiting() -> None:
    setting = Setting()
    await setting.exchange.start()
    setting.log.fault = TypeError("a fault in the program")
    with pytest.raises(Stopping, match="not known"):
        await setting.exchange.submit(intent(1))
    with pytest.raises(TypeError):
        await setting.exchange.wait_closed()
    with pytest.raises(Stopping):
        await setting.exchange.submit(intent(2))


async def test_a_full_queue_refuses_at_once() -> None:
    async with running(queue_max=3) as setting:
        setting.log.held.clear()
        tasks = [asyncio.create_task(setting.exchange.submit(intent(n))) for n in range(3)]
        await asyncio.sleep(0)
        extra = [asyncio.create_task(setting.exchange.submit(intent(9 + n))) for n in range(5)]
        await asyncio.sleep(0)
        setting.log.held.set()
        outcomes = await asyncio.gather(*extra, return_exceptions=True)
        assert any(isinstance(outcome, Overloaded) for outcome in outcomes)
        await asyncio.gather(*tasks)


async def test_a_fault_in_one_command_fails_that_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(
        airspace: Airspace, command: c.Command, moment: c.Moment, rules: c.Rules
    ) -> Decision:
        if isinstance(command, c.DeleteConstraint):
            raise ZeroDivisionError
        return decide(airspace, command, moment, rules)

    monkeypatch.setattr("detente.exchange.service.decide", faulty)
    async with running() as setting:
        setting.log.held.clear()
        tasks = [
            asyncio.create_task(setting.exchange.submit(command))
            for command in (intent(1), c.DeleteConstraint("uss_a", "x", "y"), intent(2))
        ]
        await asyncio.sleep(0)
        setting.log.held.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(outcomes[1], CommandFailed)
        assert await stored(setting) == 2


async def test_a_question_that_fails_tells_who_asked() -> None:
    async with running() as setting:

        def view(airspace: Airspace) -> int:
            raise NotFound("nothing there")

        with pytest.raises(NotFound):
            await setting.exchange.ask(view)


async def test_an_image_gives_the_state_back_byte_for_byte() -> None:
    async with running() as setting:
        for number in range(20):
            await setting.exchange.submit(intent(number))
        await setting.exchange.submit(c.OpenLog())
        await setting.exchange.submit(c.JoinPool("north", "https://north.example", "north+1+x"))
        await setting.exchange.submit(c.SendHeartbeat("north", "north", "tests"))
        await setting.exchange.submit(c.SetAvailability("arbitrator", "uss_b", "", "Down"))
    reader = ImageReader()
    for line in setting.image():
        reader.add(line)
    assert list(reader.airspace().image()) == setting.image()


async def test_a_fault_half_way_through_a_change_takes_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as setting:
        await setting.exchange.submit(intent(1))
        before = setting.image()

        def put(intent: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(setting.airspace.intents, "put", put)
            with pytest.raises(CommandFailed):
                await setting.exchange.submit(intent(2))
        assert setting.image() == before
        await setting.exchange.submit(intent(3))
        assert setting.image() == await setting.replayed()


async def test_a_turn_ends_when_it_has_taken_long_enough() -> None:
    async with running() as setting:
        setting.log.held.clear()
        first = asyncio.create_task(setting.exchange.submit(intent(0)))
        for _ in range(5):
            await asyncio.sleep(0)
        tasks = [asyncio.create_task(setting.exchange.submit(intent(n))) for n in range(1, 7)]
        await asyncio.sleep(0)
        setting.slow_us = 20_000  # each look at the clock, two for a command
        setting.log.held.set()
        await asyncio.gather(first, *tasks)
        sizes = [checkpoint.size for checkpoint in await setting.log.checkpoints(0, 100)]
        assert sizes[-1] == 7
        assert len(sizes) >= 4
        assert setting.image() == await setting.replayed()
