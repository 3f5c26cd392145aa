"""The directory of a party's record, as commands and the node keep it.

    record.json          whose it is, and where its keys and its witness are
    agreement/<version>  the agreement as it was signed, every version of it
    log.sqlite, nodes, blobs/, tiles/   see `RecordPlace`

Private keys are not in it: they stay where they are, and only a command that signs reads them.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from detente.agreement import Agreement, load_agreement, record_files
from detente.errors import DetenteError
from detente.record import (
    Ed25519Signer,
    KeyFileUnusable,
    KnownLog,
    PartyRecord,
    PlaceUnusable,
    RecordPlace,
    Signer,
    Terms,
    Witness,
    load_key,
)

from .kept_agreement import AGREEMENTS, in_force, keep_agreement
from .whole_files import FileNotWritten, write_whole

CONFIG: Final = "record.json"
WITNESS: Final = "witness.db"
OFFICERS: Final = "officers"
_FORMAT: Final = "detente-record/1"


class RecordDirectoryUnusable(DetenteError):
    """A directory is no party's record, or one already, or does not go with what was asked."""

    code: ClassVar[str] = "cli.record"


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Home:
    """A record's directory and what belongs to it.

    Attributes:
        directory: of the record.
        party: whose it is.
        keys: directory of its private keys.
        witness: directory that holds its witness.
        database: `postgresql://` URL of the log, when it is not in the directory. Never stored.
    """

    directory: Path
    party: str
    keys: Path
    witness: Path
    database: str | None = None

    @property
    def place(self) -> RecordPlace:
        """Where the record itself is."""
        return RecordPlace(self.directory, self.database)

    @property
    def witness_file(self) -> Path:
        """The witness: its key and its memory as one object."""
        return self.witness / WITNESS

    def agreements(self) -> list[Agreement]:
        """Every version of the agreement that was in force, the oldest first.

        Raises:
            RecordDirectoryUnusable: there is none.
            AgreementUnusable: the copy is damaged.
        """
        folder = self.directory / AGREEMENTS
        versions = sorted(
            (path for path in folder.glob("*") if path.name.isdecimal()),
            key=lambda path: int(path.name),
        )
        if not versions:
            raise RecordDirectoryUnusable("The agreement is missing.", where=str(folder))
        return [load_agreement(path, judge_area=False) for path in versions]

    def terms(self) -> list[Terms]:
        """What the record must know of them."""
        return [agreement.terms() for agreement in self.agreements()]

    def signers(self) -> list[Ed25519Signer]:
        """Every private key of the party that lies in its directory of keys.

        Raises:
            KeyFileUnusable: one of them cannot be read or is open to others.
        """
        return load_keys(self.keys)

    def signer(self, named: str) -> Ed25519Signer:
        """A private key by its file, its name, its file's name, or an officer's id.

        Raises:
            KeyFileUnusable: there is none.
        """
        if os.sep in named or named.endswith(".key"):
            for path in (Path(named), self.keys / named):
                if path.exists():
                    return load_key(path)
        held = {
            officer.key.public_key
            for terms in self.terms()
            for officer in terms.member(self.party).officers
            if officer.holder == named
        }
        files = key_files(self.keys)
        for path in files:
            signer = load_key(path)
            if named in (signer.name, path.stem) or signer.public_key in held:
                return signer
        raise KeyFileUnusable(
            f"There is no key {named}.",
            where=str(self.keys),
            advice="Keys there: " + (", ".join(path.stem for path in files) or "none") + ".",
        )

    @asynccontextmanager
    async def opened(self, *, write: bool) -> AsyncIterator[PartyRecord]:
        """The record, for reading or writing, while the block runs."""
        record = await PartyRecord.open(
            self.place,
            self.terms(),
            self.party,
            signers=self.signers() if write else (),
            clock=now,
            random=secrets.token_bytes,
            read_only=not write,
        )
        try:
            yield record
        finally:
            await record.close()

    @contextmanager
    def witnessing(self, record: PartyRecord) -> Iterator[Witness]:
        """The party's witness while the block runs; unconfirmed for every log."""
        with Witness.open(self.witness_file, clock=now) as witness:
            trust_logs(witness, record)
            witness.succeed(record.keyring.witness_keys(self.party))
            yield witness


def trust_logs(witness: Witness, record: PartyRecord) -> None:
    """Tell a witness which keys sign the logs of the other parties, as the record has it now."""
    size = record.head.size
    for member in record.terms.members:
        if member.id != record.party:
            log = record.keyring.log_key(member.id, size)
            keys = {key.public_key: key for key in (log, member.log)}
            witness.trust(KnownLog(member.origin, tuple(keys.values())))


def key_files(directory: Path) -> list[Path]:
    """Files of private keys in a party's directory of keys, its officers' included."""
    return [*sorted(directory.glob("*.key")), *sorted((directory / OFFICERS).glob("*.key"))]


def load_keys(directory: Path) -> list[Ed25519Signer]:
    """The private keys in a directory: every file `*.key`.

    Raises:
        KeyFileUnusable: the directory has none, or one cannot be read.
    """
    files = key_files(directory)
    if not files:
        raise KeyFileUnusable(
            "There are no private keys (*.key) here.",
            where=str(directory),
            advice="Name the directory of the party's keys.",
        )
    return [load_key(path) for path in files]


def find(directory: Path, database: str | None = None) -> Home:
    """The record in a directory.

    Raises:
        RecordDirectoryUnusable: there is none.
    """
    path = directory / CONFIG
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ValueError(found["format"])
        party, keys, witness = found["party"], found["keys"], found["witness"]
        return Home(directory, str(party), Path(keys), Path(witness), database)
    except FileNotFoundError:
        raise RecordDirectoryUnusable(
            "There is no record here.",
            where=str(directory),
            advice="Begin one with `detente record init`.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordDirectoryUnusable(f"It cannot be read: {error}.", where=str(path)) from None


async def begin(home: Home, agreement_directory: Path) -> PartyRecord:
    """A new record, open for writing. What an interrupted attempt left is taken up.

    Raises:
        RecordDirectoryUnusable: there is one already.
        NotInForce: the agreement is not signed by everybody.
        PlaceUnusable, RecordRefused, KeyFileUnusable, WitnessFileUnusable: see there.
    """
    if (home.directory / CONFIG).exists():
        raise RecordDirectoryUnusable("There is a record already.", where=str(home.directory))
    agreement = in_force(agreement_directory)
    terms = agreement.terms()
    if home.party not in {member.id for member in terms.members}:
        raise RecordDirectoryUnusable(
            f"The agreement has no party {home.party}.",
            where=str(agreement_directory),
            advice="Its parties: " + ", ".join(member.id for member in terms.members) + ".",
        )
    signers = home.signers()
    _check_witness(home, terms)
    try:
        home.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FileNotWritten(
            f"The directory cannot be made: {error.strerror}.", where=str(home.directory)
        ) from None
    keep_agreement(home, agreement_directory, terms.version)
    try:
        record = await PartyRecord.create(
            home.place,
            terms,
            home.party,
            signers=signers,
            clock=now,
            random=secrets.token_bytes,
            files=record_files(agreement),
        )
    except PlaceUnusable:
        # An attempt that was interrupted has got this far; anything else fails here as well.
        record = await PartyRecord.open(
            home.place,
            terms,
            home.party,
            signers=signers,
            clock=now,
            random=secrets.token_bytes,
        )
        await _check_files(record, home)
    describe(home)
    return record


async def _check_files(record: PartyRecord, home: Home) -> None:
    """A record that an attempt here has begun has its first files here; another one's are not."""
    payload = (await record.entry(0)).payload
    named = () if payload is None else payload.blobs
    if any(record.blobs.size(blob.sha256.hex()) is None for blob in named):
        await record.close()
        raise RecordDirectoryUnusable(
            "The database holds this record already, and its files are in another directory.",
            where=str(home.directory),
            advice="Use that directory; if it is lost, restore its blobs/ here and try again.",
        )


def describe(home: Home) -> None:
    """Write `record.json`: from then on the directory is found as a record."""
    described = {
        "format": _FORMAT,
        "party": home.party,
        "keys": str(home.keys.resolve()),
        "witness": str(home.witness.resolve()),
    }
    write_whole(home.directory / CONFIG, json.dumps(described, indent=2).encode() + b"\n")


def _check_witness(home: Home, terms: Terms) -> None:
    wanted = terms.member(home.party).witness
    with Witness.open(home.witness_file, clock=now) as witness:
        if witness.verifier.public_key != wanted.public_key:
            raise RecordDirectoryUnusable(
                "The witness here has another key than the agreement names.",
                where=str(home.witness_file),
            )


def officer_named(record: PartyRecord, signer: Signer) -> str:
    """How a custody entry names the holder of a key: the officer's id, or the key's name."""
    author = record.keyring.author(record.party, signer.name, record.head.size)
    if author is None:
        raise KeyFileUnusable(
            f"The key {signer.name} may not sign for {record.party}.",
            advice="It is not in the agreement, or was replaced or revoked.",
        )
    return author.holder or signer.name
