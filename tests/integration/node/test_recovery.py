"""Records that were lost, restored from a backup on another machine, and recovered from the others.

No network: the other party is asked through the same object that a node serves over HTTP.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.support.program import detente
from tests.support.two_records import Two, begun

from detente.errors import DetenteError
from detente.node.backup import create_backup
from detente.node.home import Home, find
from detente.node.mirror import Mirror
from detente.node.recovery import Recovery, RecoveryBlocked, recover
from detente.node.recovery_source import Offered, RecoverySource
from detente.node.restore import restore_backup
from detente.record import (
    Blob,
    Draft,
    HeldRecord,
    PartyRecord,
    PlaceUnusable,
    Query,
    RecordBehind,
    RecordHeld,
    RecordRefused,
    RecoveryForked,
    TileRef,
    Witness,
    chain_hash,
    encode_entries,
    make_request,
    plain_channel,
    read_checkpoint,
    take_answer,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(tmp_path: Path, anyio_backend: str) -> Two:
    return await begun(tmp_path)


@dataclass
class Tiles:
    """A record's own tiles."""

    record: PartyRecord
    spoil: bool = False

    async def tile(self, ref: TileRef) -> bytes:
        leaves = await self.record.leaves(ref.first, ref.width)
        return encode_entries([leaves[0]] * len(leaves) if self.spoil else leaves)


@dataclass
class Signed:
    """Everything that a party's keys have ever signed, to find what was signed twice."""

    envelopes: dict[tuple[str, str, int], bytes] = field(default_factory=dict)
    roots: dict[tuple[str, int], bytes] = field(default_factory=dict)

    async def look(self, record: PartyRecord, *, notes: bool = True) -> None:
        for entry in await record.entries(0, 10_000):
            if entry.envelope is None or entry.payload is None:
                continue
            said = entry.payload
            number = said.sender, said.channel, said.seq
            chain = chain_hash(entry.envelope)
            assert self.envelopes.setdefault(number, chain) == chain, f"signed twice: {number}"
        if notes:
            await self.look_at_notes(record)

    async def look_at_notes(self, record: PartyRecord) -> None:
        for held in await record.checkpoints(1, 10_000, cosigned_only=True):
            key = record.origin, held.size
            assert self.roots.setdefault(key, held.root) == held.root, f"two trees: {key}"


class Pair:
    """A and B, their records open, B mirroring and witnessing A."""

    def __init__(self, two: Two, a: PartyRecord, b: PartyRecord) -> None:
        self.two, self.a, self.b = two, a, b
        self.homes = {party: find(two.record(party)) for party in "ab"}
        self.mirror = Mirror(self.homes["b"].directory / "mirror")

    async def say(self, text: str, *, sender: str = "a", channel: str = "", **more: object) -> None:
        record, other = (self.a, "b") if sender == "a" else (self.b, "a")
        draft = Draft("message", channel or f"line/{other}", (other,), {"text": text})
        await record.append([(replace(draft, **more), None)])  # type: ignore[arg-type]

    async def deliver(self, *, receipts: bool = True) -> None:
        """What each has for the other, and the receipts unless they get lost."""
        for sender, receiver in ((self.a, self.b), (self.b, self.a)):
            for entry in await sender.unanswered(receiver.party, named_only=True):
                assert entry.envelope is not None
                blobs = {
                    blob.sha256.hex(): sender.blobs.read(blob.sha256.hex())
                    for blob in entry.payload.blobs  # type: ignore[union-attr]
                }
                (got,) = await receiver.receive([entry.envelope.to_json()], blobs)
                assert got.receipt is not None
                assert got.receipt.envelope is not None
                if receipts:
                    await sender.receive([got.receipt.envelope.to_json()])

    @asynccontextmanager
    async def witness(self) -> AsyncIterator[Witness]:
        """B's, confirmed for A's log."""
        with self.homes["b"].witnessing(self.b) as witness:
            origin = self.a.origin
            state = witness.state(origin)
            shown = [state.note] if state.note else [(await self.a.checkpoint()).note]
            witness.confirm(origin, shown, first_contact=not state.note)
            yield witness

    async def cosign(self, *, mirrored: bool = True) -> int:
        """B mirrors and cosigns what A has now."""
        async with self.witness() as witness:
            request = await make_request(self.a, witness.state(self.a.origin).size)
            if mirrored:
                keys = self.b.keyring.log_keys("a")
                await self.mirror.take(self.a.origin, request.note, keys, Tiles(self.a))
            answer = witness.add_checkpoint(request.format())
            await take_answer(self.a, request, answer, [witness.verifier])
            return request.size

    @asynccontextmanager
    async def source(self) -> AsyncIterator[RecoverySource]:
        """B, as it answers A."""
        with self.homes["b"].witnessing(self.b) as witness:
            yield RecoverySource(self.b, self.mirror, witness, "a")

    async def back_up(self) -> Path:
        target = self.two.world.root / "a.backup"
        await create_backup(self.homes["a"], target)
        return target

    async def lose(self, backup: Path, signed: Signed) -> Home:
        """A's disk is gone; the backup is restored on another machine, with the same keys."""
        await signed.look(self.a)
        await self.a.close()
        home = self.homes["a"]
        shutil.move(home.directory, home.directory.with_name("lost"))
        new = self.two.world.root / "another" / "record"
        restored = await restore_backup(backup, new, keys=home.keys, witness=home.witness)
        return restored.home

    async def recover(self, home: Home) -> Recovery:
        async with self.source() as source:
            return await recover(home, [source])

    async def go_on(self, home: Home) -> None:
        self.homes["a"] = home
        self.a = await PartyRecord.open(
            home.place,
            home.terms(),
            "a",
            signers=home.signers(),
            clock=self.a._clock,
            random=self.a._random,
        )


@asynccontextmanager
async def paired(two: Two) -> AsyncIterator[Pair]:
    async with two.opened("b") as b:
        home = find(two.record("a"))
        async with home.opened(write=True) as a:
            pair = Pair(two, a, b)
            try:
                yield pair
            finally:
                await pair.a.close()


async def test_a_restored_record_signs_nothing_until_it_was_recovered(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        backup = await pair.back_up()
        home = await pair.lose(backup, Signed())

        with pytest.raises(RecordHeld) as held:
            async with home.opened(write=True):
                pass
        assert "detente node run" in str(held.value.advice)
        async with home.opened(write=False) as record:
            assert record.state.name == "held"
            assert await record.verify() == []

        await pair.recover(home)
        await pair.go_on(home)
        assert pair.a.state.name == "recovered"
        await pair.a.close()
        with pytest.raises(PlaceUnusable, match="recovered already"):
            await pair.recover(home)
        await pair.go_on(home)


async def test_what_was_lost_comes_back_and_nothing_is_signed_twice(two: Two) -> None:
    signed = Signed()
    async with paired(two) as pair:
        for number in range(3):
            await pair.say(f"before {number}")
        await pair.say("from b", sender="b")
        await pair.deliver()
        backup = await pair.back_up()

        # mirrored and cosigned: all of it comes back, at its place
        file = b"a file of a"
        blob = Blob(bytes.fromhex(pair.a.blobs.put(file)), len(file), "text/plain")
        await pair.say("with a file", blobs=(blob,))
        await pair.say("from b, later", sender="b")
        await pair.deliver()
        await pair.a.append([(Draft("clock", "own/clock", (), {"x": 1}), None)])  # to nobody
        mirrored = await pair.cosign()
        lost_entry = (await pair.a.entries(mirrored - 1, 1))[0]
        # beyond: said and delivered, its receipts lost; then said, and never delivered
        await pair.say("delivered, not cosigned")
        await pair.say("from b, last", sender="b")
        await pair.deliver(receipts=False)
        await pair.say("never delivered")
        end = pair.a.head.size
        leaves = await pair.a.leaves(0, mirrored)
        home = await pair.lose(backup, signed)

        came = await pair.recover(home)
        await pair.go_on(home)

        assert (came.copy_size, came.leaves) == (9, mirrored - 9)
        assert came.lost == 1
        assert came.refused == ()
        assert await pair.a.leaves(0, mirrored) == leaves
        assert (await pair.a.checkpoint_at(mirrored)).cosigners
        assert await pair.a.verify() == []
        assert pair.a.blobs.read(blob.sha256.hex()) == file
        texts = [
            entry.payload.body.get("text")
            for entry in await pair.a.entries(0, 1000)
            if entry.payload is not None and entry.payload.kind == "message"
        ]
        assert texts == [
            *(f"before {number}" for number in range(3)),
            "from b",
            "with a file",
            "from b, later",
            "from b, last",  # beyond the leaves it is in the order in which B has it
            "delivered, not cosigned",
        ]
        gone = await pair.a.entry(lost_entry.index)
        assert (gone.leaf, gone.payload) == (lost_entry.leaf, None)
        stated = (await pair.a.entry(gone.erased_by or 0)).payload
        assert stated is not None
        assert stated.kind == "erasure"
        assert stated.body["ground"] == "lost: restored from a copy"
        (recovery,) = (await pair.a.search(_of_kind("recovery"))).entries
        assert recovery.payload is not None
        assert recovery.payload.to == ("b",)
        assert recovery.payload.body["lost"] == 1
        assert recovery.payload.body["shown"] == {"b": mirrored}

        # life goes on, in channels of its own
        await pair.say("after")
        await pair.say("urgent", channel="line/b/emergency")
        await pair.say("answer", sender="b")
        await pair.deliver()
        await pair.cosign()
        await signed.look(pair.a)
        await signed.look(pair.b, notes=False)
        after = (await pair.b.search(_of_kind("message"))).entries[-1].payload
        assert after is not None
        channels = {
            plain_channel(entry.payload.channel): entry.payload.channel
            for entry in await pair.b.entries(0, 1000)
            if entry.payload is not None and entry.payload.sender == "a"
        }
        assert channels["line/b"] == f"line/b/{came.suffix}"
        assert channels["line/b/emergency"] == f"line/b/{came.suffix}/emergency"
        assert not await pair.b.unanswered("a", named_only=True)
        assert not await pair.a.unanswered("b", named_only=True)
        assert end < pair.a.head.size


async def test_bundles_of_a_recovered_record_verify(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        backup = await pair.back_up()
        await pair.say("after")
        await pair.deliver()
        await pair.a.append([(Draft("clock", "own/clock", (), {"x": 1}), None)])
        await pair.cosign()
        home = await pair.lose(backup, Signed())
        assert (await pair.recover(home)).lost == 1
        await pair.go_on(home)
        await pair.say("later")
        await pair.cosign()
        await pair.a.close()
        bundle = two.world.root / "a.zip"
        given = ("--officer", "durand", "--purpose", "after the loss")
        done = await detente("record", "export", home.directory, bundle, *given)
        assert done.code == 0, done
        done = await detente("verify", bundle, "--json", "--accept", "single")
        assert done.code == 0, done.out
        assert "lost: restored from a copy" in done.out
        await pair.go_on(home)


def _of_kind(kind: str) -> Query:
    return Query(kinds=(kind,))


async def test_receipts_are_numbered_across_a_restoration(two: Two) -> None:
    async with paired(two) as pair:
        for number in range(3):
            await pair.say(f"{number}", sender="b")
        await pair.deliver()
        backup = await pair.back_up()
        await pair.say("3", sender="b")
        await pair.deliver()
        home = await pair.lose(backup, Signed())
        await pair.recover(home)
        await pair.go_on(home)
        await pair.say("4", sender="b")
        await pair.deliver()

        assert await pair.a.receipts_made("b") == 5
        assert await pair.b.receipts_held("a") == 5
        receipts = await pair.a.receipts_for("b", 2, 10)
        assert [number for number, _ in receipts] == [3, 4, 5]
        assert [entry.payload.seq for _, entry in receipts if entry.payload] == [3, 4, 1]
        assert await pair.a.receipts_for("b", 4, 10) == receipts[-1:]
        assert await pair.a.receipts_for("b", 1, 2) == (await pair.a.receipts_for("b", 1, 9))[:2]


async def test_restored_twice_from_the_same_copy(two: Two) -> None:
    """What was signed after the first restoration is not signed again after the second."""
    signed = Signed()
    async with paired(two) as pair:
        await pair.say("before")
        await pair.deliver()
        backup = await pair.back_up()
        suffixes = set()
        for turn in range(2):
            await pair.say(f"sent {turn}")
            await pair.deliver()
            await pair.cosign()
            await pair.say(f"unsent {turn}")
            home = await pair.lose(backup, signed)
            suffixes.add((await pair.recover(home)).suffix)
            await pair.go_on(home)
            assert await pair.a.verify() == []
        await pair.say("end")
        await pair.deliver()
        await signed.look(pair.a)
        await signed.look(pair.b, notes=False)
        assert len(suffixes) == 2


async def test_nobody_may_be_left_out(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("x")
        home = await pair.lose(await pair.back_up(), Signed())
        with pytest.raises(RecoveryBlocked, match="b is missing"):
            await recover(home, [])

        class Silent:
            name = "b"

            async def checkpoints(self) -> list[str]:
                raise RecoveryBlocked("No answer.")

            async def leaves(self, since: int, limit: int) -> list[bytes]:
                raise AssertionError

            async def envelopes(
                self, ends: Mapping[tuple[str, str], int], after: int, limit: int
            ) -> Offered:
                raise AssertionError

            async def blob(self, sha256: str) -> bytes | None:
                raise AssertionError

        with pytest.raises(RecoveryBlocked, match="No answer"):
            await recover(home, [Silent()])
        async with home.opened(write=False) as record:
            assert record.state.name == "held"


async def test_without_the_leaves_of_what_was_cosigned_it_stays_held(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        backup = await pair.back_up()
        await pair.say("after")
        size = await pair.cosign(mirrored=False)
        home = await pair.lose(backup, Signed())
        with pytest.raises(RecoveryBlocked, match="nobody gives the 1 leaves") as blocked:
            await pair.recover(home)
        assert "a new one and new keys" in str(blocked.value.advice)
        async with pair.source() as source:
            with pytest.raises(RecoveryBlocked):  # it is cosigned: no way round
                await recover(home, [source], abandon_uncosigned=True)
        async with home.opened(write=False) as record:
            assert (record.state.name, record.head.size) == ("held", size - 1)


async def test_what_was_only_seen_may_be_abandoned(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        backup = await pair.back_up()
        await pair.say("after")
        note = (await pair.a.checkpoint()).note

        class Failing:
            async def tile(self, ref: TileRef) -> bytes:
                raise RecoveryBlocked("gone")

        with pytest.raises(RecoveryBlocked):
            await pair.mirror.take(pair.a.origin, note, pair.b.keyring.log_keys("a"), Failing())
        home = await pair.lose(backup, Signed())
        with pytest.raises(RecoveryBlocked, match="nobody gives") as blocked:
            await pair.recover(home)
        assert "may be abandoned" in str(blocked.value.advice)
        async with pair.source() as source:
            await recover(home, [source], abandon_uncosigned=True)
        await pair.go_on(home)
        (recovery,) = (await pair.a.search(_of_kind("recovery"))).entries
        assert recovery.payload is not None
        assert recovery.payload.body["abandoned"] == [note]


async def test_a_second_copy_that_was_written_to_is_found_out(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        backup = await pair.back_up()
        await pair.say("one future")
        await pair.cosign()
        first = await pair.lose(backup, Signed())
        copy = pair.two.world.root / "copy"
        shutil.copytree(first.directory, copy)
        await pair.recover(first)
        await pair.go_on(first)
        await pair.say("after the recovery")
        await pair.cosign()
        await pair.a.close()

        # the copy is made to believe that nothing was ever cosigned, and recovered as well
        other = replace(first, directory=copy)

        class Liar(RecoverySource):
            async def checkpoints(self) -> list[str]:
                return []

        with pair.homes["b"].witnessing(pair.b) as witness:
            await recover(other, [Liar(pair.b, pair.mirror, witness, "a")])
        shutil.rmtree(first.directory)
        shutil.copytree(copy, first.directory)
        async with first.opened(write=True) as record:
            await record.append(
                [(Draft("clock", "own/clock", (), {"n": n}), None) for n in range(9)]
            )
        backup = pair.two.world.root / "forked.backup"
        await create_backup(first, backup)
        forked = await restore_backup(
            backup,
            pair.two.world.root / "third" / "record",
            keys=first.keys,
            witness=first.witness,
        )
        with pytest.raises(RecoveryForked, match="another root"):
            await pair.recover(forked.home)
        await pair.go_on(first)


class Hostile(RecoverySource):
    """Gives what proves nothing."""

    garbage: tuple[bytes, ...] = ()

    async def envelopes(
        self, ends: Mapping[tuple[str, str], int], after: int, limit: int
    ) -> Offered:
        real = await super().envelopes(ends, after, limit)
        return replace(real, envelopes=(b"{}", *real.envelopes, *self.garbage), erasures=(b"x",))

    async def blob(self, sha256: str) -> bytes | None:
        data = await super().blob(sha256)
        return None if data is None else bytes(len(data))


async def test_what_is_offered_is_not_believed(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        await pair.deliver()
        backup = await pair.back_up()
        file = b"file"
        blob = Blob(bytes.fromhex(pair.a.blobs.put(file)), len(file), "text/plain")
        await pair.say("after", blobs=(blob,))
        await pair.deliver()
        forged = (await pair.a.entries(pair.a.head.size - 2, 1))[0].envelope
        assert forged is not None
        wrong = replace(forged, signatures=(replace(forged.signatures[0], sig=bytes(64)),))
        home = await pair.lose(backup, Signed())
        with pair.homes["b"].witnessing(pair.b) as witness:
            peer = Hostile(pair.b, pair.mirror, witness, "a")
            peer.garbage = (wrong.to_json(),)
            came = await recover(home, [peer])
        await pair.go_on(home)
        assert came.own == 1
        assert any("not an envelope" in each for each in came.refused)
        assert len(came.refused) >= 1
        # the file is lost, and that is stated
        assert pair.a.blobs.size(blob.sha256.hex()) is None
        assert (await pair.a.search(_of_kind("withheld"))).entries
        assert await pair.a.verify() == []


async def test_wrong_leaves_are_refused_and_right_ones_taken_from_another(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("before")
        backup = await pair.back_up()
        await pair.say("after")
        await pair.cosign()
        home = await pair.lose(backup, Signed())

        class Wrong(RecoverySource):
            async def leaves(self, since: int, limit: int) -> list[bytes]:
                return await super().leaves(0, limit)

        with pair.homes["b"].witnessing(pair.b) as witness:
            with pytest.raises(RecoveryBlocked, match="do not have the root"):
                await recover(home, [Wrong(pair.b, pair.mirror, witness, "a")])
            peers = [
                Wrong(pair.b, pair.mirror, witness, "a"),
                RecoverySource(pair.b, pair.mirror, witness, "a"),
            ]
            assert (await recover(home, peers)).leaves == 1


async def test_an_interrupted_recovery_is_taken_up(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = Signed()
    async with paired(two) as pair:
        await pair.say("before")
        await pair.deliver()
        backup = await pair.back_up()
        for number in range(4):
            await pair.say(f"after {number}")
            await pair.say(f"from b {number}", sender="b")
            await pair.deliver(receipts=number < 2)
            if number == 1:
                await pair.cosign()
        home = await pair.lose(backup, signed)
        for step in ("take_back", "_make_receipts", "_state_losses"):
            real = getattr(HeldRecord, step)

            async def cut(*given: object, real: object = real) -> object:
                await real(*given)  # type: ignore[operator]
                raise KeyboardInterrupt

            with monkeypatch.context() as patch:
                patch.setattr(HeldRecord, step, cut)
                with pytest.raises(KeyboardInterrupt):
                    await pair.recover(home)
            with pytest.raises(RecordHeld):
                async with home.opened(write=True):
                    pass
        await pair.recover(home)
        await pair.go_on(home)
        await pair.deliver()
        assert await pair.a.verify() == []
        await signed.look(pair.a)
        await signed.look(pair.b, notes=False)


async def test_the_witness_of_the_restored_party_waits_for_its_peers(two: Two) -> None:
    """Restored with the record, it is unconfirmed; and a rolled-back record is told by B's."""
    async with paired(two) as pair:
        await pair.say("x")
        await pair.cosign()
        old = shutil.copytree(pair.homes["a"].directory, pair.two.world.root / "plain-copy")
        await pair.say("y")
        size = await pair.cosign()
        await pair.a.close()
        async with replace(pair.homes["a"], directory=old).opened(write=False) as behind:
            with pytest.raises(RecordBehind):
                await make_request(behind, size)
        with Witness.open(pair.homes["a"].witness_file, clock=pair.a._clock) as witness:
            assert not witness.is_confirmed(pair.b.origin)


# --- the mirror ----------------------------------------------------------------------------------


async def test_a_mirror_follows_a_log_over_many_tiles(two: Two, tmp_path: Path) -> None:
    async with paired(two) as pair:
        keys = pair.b.keyring.log_keys("a")
        mirror = Mirror(tmp_path / "m")
        assert await mirror.checkpoints(pair.a.origin) == []
        assert await mirror.leaves(pair.a.origin, 0, 10) == []
        for count in (3, 250, 3, 600, 1):
            await pair.a.append(
                [(Draft("clock", "own/clock", (), {"n": n}), None) for n in range(count)]
            )
            note = (await pair.a.checkpoint()).note
            await mirror.take(pair.a.origin, note, keys, Tiles(pair.a))
            await mirror.take(pair.a.origin, note, keys, Tiles(pair.a, spoil=True))  # known already
            size = pair.a.head.size
            found: list[bytes] = []
            while page := await mirror.leaves(pair.a.origin, len(found), 500):
                found += page
            assert found == await pair.a.leaves(0, size)
            assert [read_checkpoint(n).size for n in await mirror.checkpoints(pair.a.origin)] == [
                size
            ]


async def test_a_mirror_refuses_what_does_not_go_with_the_checkpoint(
    two: Two, tmp_path: Path
) -> None:
    async with paired(two) as pair:
        keys = pair.b.keyring.log_keys("a")
        mirror = Mirror(tmp_path / "m")
        note = ""
        for number in range(2):
            await pair.say(f"{number}")
            note = (await pair.a.checkpoint()).note
            with pytest.raises(DetenteError) as refused:
                await mirror.take(pair.a.origin, note, keys, Tiles(pair.a, spoil=True))
            assert refused.value.code == "mirror.refused"
            await mirror.take(pair.a.origin, note, keys, Tiles(pair.a))
        with pytest.raises(DetenteError):
            await mirror.take(pair.a.origin, note, pair.b.keyring.log_keys("b"), Tiles(pair.a))
        with pytest.raises(DetenteError):
            await mirror.take("other", note, keys, Tiles(pair.a))
        assert await mirror.leaves(pair.a.origin, 0, 9) == await pair.a.leaves(0, 9)
        # hashes can be made again, and a damaged leaf is found
        (log,) = (tmp_path / "m").iterdir()
        (log / "nodes").unlink()
        await mirror.take(pair.a.origin, note, keys, Tiles(pair.a))
        (log / "nodes").unlink()
        (tile,) = (log / "tile/entries").rglob("*.p/*")
        data = tile.read_bytes()
        tile.write_bytes(data.replace(data[60:61], b"A" if data[60:61] != b"A" else b"B", 1))
        with pytest.raises(DetenteError) as damaged:
            await mirror.take(pair.a.origin, note, keys, Tiles(pair.a))
        assert damaged.value.code == "mirror.unusable"


async def test_nothing_of_a_third_party_is_offered(two: Two) -> None:
    async with paired(two) as pair:
        await pair.b.append([(Draft("note", "own/notes", (), {"secret": 1}), None)])
        blob = pair.b.blobs.put(b"own")
        own = Blob(bytes.fromhex(blob), 3, "text/plain")
        await pair.b.append([(Draft("note", "own/notes", (), {}, (), (own,)), None)])
        await pair.say("to a", sender="b")
        async with pair.source() as source:
            offered = await source.envelopes({}, -1, 500)
            assert len(offered.envelopes) == 1
            assert offered.next is None
            assert await source.blob(blob) is None
            assert await source.blob("nonsense") is None
            assert await source.checkpoints() == []
            pages: list[bytes] = []
            after = -1
            while True:
                page = await source.envelopes({}, after, 1)
                pages += page.envelopes
                if page.next is None:
                    break
                after = page.next
            assert tuple(pages) == offered.envelopes


async def test_an_unknown_key_on_a_checkpoint_is_told(two: Two) -> None:
    async with paired(two) as pair:
        await pair.say("x")
        home = await pair.lose(await pair.back_up(), Signed())
        note = (pair.b.head).checkpoint

        class Foreign(RecoverySource):
            async def checkpoints(self) -> list[str]:
                return [note]

        with (
            pair.homes["b"].witnessing(pair.b) as witness,
            pytest.raises(RecordRefused, match="cannot be believed"),
        ):
            await recover(home, [Foreign(pair.b, pair.mirror, witness, "a")])
