"""Raw tracks: what was received is kept as it was, whatever ends in between, and goes in time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import anyio
import pytest
from tests.support.desks import SetClock
from tests.support.party_records import Bytes, create
from tests.support.reported import BEGAN_US, reported

from detente.feeds import Reports, read_reports
from detente.node.watch import pieces
from detente.node.watch import retention as retaining
from detente.node.watch.retention import Retention
from detente.node.watch.segment_tables import SEGMENT_PROJECTION
from detente.node.watch.segments import Segments
from detente.node.watch.watch_file import TracksPart
from detente.record import BlobUnusable, PartyRecord, Payload, Query, RecordPlace, format_time

pytestmark = pytest.mark.anyio
RULES = TracksPart(segment_s=60, segment_rows=1000, keep_days=2)


def heard(second: int, count: int = 3, aircraft: str = "3c6444") -> Reports:
    return reported(
        [
            {
                "s": second + n,
                "heard": second + n + 0.5,
                "lat": 47.0,
                "lng": 7 + n / 10,
                "aircraft": aircraft,
                "speed": 100.0,
                "callsign": "TEST1",
            }
            for n in range(count)
        ]
    )


@dataclass
class Keeping:
    """A record, and what keeps raw tracks in it."""

    record: PartyRecord
    directory: Path
    clock: SetClock
    segments: Segments

    def again(self, **rest: int) -> Segments:
        """As after a restart."""
        self.segments = Segments(
            self.record, self.directory, RULES, self.clock, Bytes("again"), **rest
        )
        return self.segments

    async def said(self, kind: str) -> Sequence[Payload]:
        page = await self.record.search(Query(kinds=(kind,)))
        return [each.payload for each in page.entries if each.payload is not None]

    def reports(self, payload: Payload) -> Reports:
        (blob,) = payload.blobs
        path = self.directory / "given.parquet"
        path.write_bytes(self.record.blobs.read(blob.sha256.hex()))
        (found,) = read_reports(path)
        return found

    @property
    def left(self) -> list[str]:
        folder = self.directory / pieces.FOLDER
        return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Keeping]:
    clock = SetClock()
    place = RecordPlace(tmp_path / "record")
    record = await create(place, clock=clock, projections=[SEGMENT_PROJECTION])
    try:
        segments = Segments(record, tmp_path, RULES, clock, Bytes("segments"))
        yield Keeping(record, tmp_path, clock, segments)
    finally:
        await record.close()


async def test_what_was_received_is_in_the_record_bit_for_bit(keeping: Keeping) -> None:
    segments = keeping.segments
    for second in range(0, 60, 3):
        segments.take(heard(second))
        await segments.look()
        keeping.clock.ahead(seconds=3)
    await segments.look()
    (payload,) = await keeping.said("track-segment")
    assert keeping.left == []
    found = keeping.reports(payload)
    assert len(found) == payload.body["rows"] == 60
    assert found.time_us.tolist() == [BEGAN_US + n * 1_000_000 for n in range(60)]
    assert (found.received_us - found.time_us == 500_000).all()
    assert found.lng_deg.tolist() == [7 + n / 10 for _ in range(20) for n in range(3)]
    assert found.callsigns == ("TEST1",)
    assert found.sources == heard(0).sources
    assert payload.body["feeds"] == ["receiver"]
    assert (payload.body["first"], payload.body["last"]) == (
        "2023-11-14T22:13:20.500000Z",
        "2023-11-14T22:14:19.500000Z",
    )
    assert (payload.to, payload.body["recovered"]) == ((), False)
    assert segments.status().segments == 1


async def test_a_segment_ends_when_it_is_full_or_the_watch_ends(keeping: Keeping) -> None:
    segments = keeping.segments
    segments.take(heard(0, 1000))
    await segments.look()
    segments.take(heard(1000, 5))
    await segments.look()
    assert [each.body["rows"] for each in await keeping.said("track-segment")] == [1000]
    assert segments.status().waiting == 5
    await segments.close()
    assert [each.body["rows"] for each in await keeping.said("track-segment")] == [1000, 5]
    assert keeping.left == []


async def test_who_is_killed_loses_only_what_was_not_written(keeping: Keeping) -> None:
    segments = keeping.segments
    segments.take(heard(0))
    await segments.look()
    keeping.clock.ahead(seconds=6)
    await segments.look()
    segments.take(heard(3))
    await segments.look()
    (folder,) = (keeping.directory / pieces.FOLDER).iterdir()
    (folder / "000001.part").write_bytes(b"PAR1 half of it")
    segments = keeping.again()
    await segments.start()
    await segments.look()
    (payload,) = await keeping.said("track-segment")
    assert (payload.body["rows"], payload.body["recovered"]) == (3, True)
    assert str(payload.id) == folder.name
    assert keeping.left == []
    # One that had just begun is told as lost; one in the record already is not recorded again.
    segments.take(heard(9))
    await segments.look()
    folder.mkdir()
    segments = keeping.again()
    await segments.start()
    await segments.look()
    assert len(await keeping.said("track-segment")) == 1
    (lost,) = await keeping.said("track-loss")
    assert lost.body["since"] == format_time(keeping.clock.now)
    assert keeping.left == []


async def test_a_damaged_piece_is_told_and_the_others_are_kept(keeping: Keeping) -> None:
    segments = keeping.segments
    for second in (0, 3):
        segments.take(heard(second))
        await segments.look()
        keeping.clock.ahead(seconds=6)
        await segments.look()
    (folder,) = (keeping.directory / pieces.FOLDER).iterdir()
    (folder / "000000.parquet").write_bytes(b"PAR1")
    await segments.close()
    (payload,) = await keeping.said("track-segment")
    assert (payload.body["rows"], payload.body["unreadable"]) == (3, 1)


async def test_what_does_not_fit_is_counted_where_it_is_missing(keeping: Keeping) -> None:
    segments = keeping.again(waiting_rows_max=5)
    segments.take(heard(0))
    segments.take(heard(3))
    assert segments.status().shed == 3
    await segments.close()
    segments.take(heard(6))
    await segments.close()
    found = await keeping.said("track-segment")
    assert [(each.body["rows"], each.body["shed"]) for each in found] == [(3, 3), (3, 0)]


async def test_a_disk_that_refuses_is_tried_again(keeping: Keeping) -> None:
    segments = keeping.segments
    segments.take(heard(0))
    with mock.patch.object(pieces.Pieces, "write", side_effect=OSError("no room")):
        await segments.look(ending=True)
    assert "no room" in segments.status().trouble
    assert segments.status().waiting == 3
    segments.take(heard(3))
    await segments.close()
    assert segments.status().trouble == ""
    assert (await keeping.said("track-segment"))[-1].body["rows"] == 6


async def test_a_clock_that_is_set_back_holds_nothing_up(keeping: Keeping) -> None:
    segments = keeping.segments
    segments.take(heard(0))
    await segments.look()
    keeping.clock.ahead(seconds=6)
    await segments.look()
    keeping.clock.ahead(days=-400)
    segments.take(heard(10))
    await segments.look()
    assert segments.status().waiting == 0
    assert [each.body["rows"] for each in await keeping.said("track-segment")] == [6]


async def sealed(keeping: Keeping, *aircraft: str) -> None:
    for second, name in enumerate(aircraft):
        keeping.segments.take(heard(second * 100, aircraft=name))
        await keeping.segments.close()


async def test_segments_go_when_their_time_is_over(keeping: Keeping) -> None:
    await sealed(keeping, "3c6444", "4b1234")
    record, clock = keeping.record, keeping.clock
    payloads = await keeping.said("track-segment")
    retention = Retention(record, RULES.keep_days, clock)
    clock.now = datetime(2023, 11, 16, 22, 13, tzinfo=UTC)
    assert await retention.look() == 0
    clock.ahead(seconds=60)
    assert await retention.look() == 1
    with pytest.raises(BlobUnusable, match="missing"):
        record.blobs.read(str(payloads[0].body["sha256"]))
    assert record.blobs.read(str(payloads[1].body["sha256"]))
    (deleted,) = await keeping.said("track-segment-deleted")
    assert deleted.body["sha256"] == payloads[0].body["sha256"]
    assert deleted.body["ground"] == "raw tracks are kept for 2 days"
    assert [each.id for each in await keeping.said("track-segment")] == [payloads[1].id]
    assert await retention.look() == 0


async def test_what_is_held_stays_until_it_is_released(keeping: Keeping) -> None:
    await sealed(keeping, "3c6444", "4b1234")
    record, clock = keeping.record, keeping.clock
    first, second = await keeping.said("track-segment")
    retention = Retention(record, RULES.keep_days, clock)
    window = clock.now.replace(year=2023, month=1), clock.now.replace(year=2024)
    entry = await retention.hold(*window, "4b1234", "inquiry 7", ("a-1", "a-2"))
    assert entry.payload is not None
    clock.ahead(days=10)
    assert await retention.look() == 1
    assert [each.id for each in await keeping.said("track-segment")] == [second.id]
    (hold,) = await retention.holds()
    assert (hold.aircraft, hold.ground, hold.officer) == ("4b1234", "inquiry 7", "a-1")
    before = window[0] - timedelta(days=2), window[0] - timedelta(days=1)
    await retention.hold(*before, "", "elsewhere", ("a-1", "a-2"))
    await retention.release(hold.id, "closed", ("a-2", "a-1"))
    assert [each.ground for each in await retention.holds()] == ["elsewhere"]
    assert await retention.look() == 1
    assert await keeping.said("track-segment") == []
    assert first.id != second.id


async def test_a_segment_that_cannot_be_read_now_is_passed_over(keeping: Keeping) -> None:
    await sealed(keeping, "3c6444", "4b1234")
    retention = Retention(keeping.record, RULES.keep_days, keeping.clock)
    keeping.clock.ahead(days=10)
    with (
        mock.patch.object(retaining, "_AT_ONCE", 1),
        mock.patch.object(type(keeping.record), "by_id", return_value=None),
        anyio.fail_after(10),
    ):
        assert await retention.look() == 0
    assert await retention.look() == 2
