"""The demonstration's agreement: drafted, with keys enrolled, signed by both parties."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from detente.agreement import (
    Agreement,
    Box,
    DraftParty,
    KeyNames,
    draft_agreement,
    key_offers,
    load_agreement,
    make_party_keys,
    request_enrolment,
    sign,
)
from detente.demo.day import PARTIES, Day
from detente.record import Ed25519Signer, load_key

IDENTITY: Final = "demo"
DUTY: Final = "duty"
CHIEF: Final = "chief"
OFFICERS: Final = (DUTY, CHIEF)
"""Officers of each party who have a key: as the draft of an agreement names them."""
PORT: Final = 443
"""At which the agreement says that each node is reached."""
_DAYS: Final = 30
_MARGIN_DEG: Final = 0.5
_WORDS: Final = {
    "legal_ground.en": "Stated by the demonstration",
    "legal_ground.fr": "Énoncé par la démonstration",
}


@dataclass(frozen=True, slots=True)
class Signatory:
    """A party and where its private things are.

    Attributes:
        id: in the agreement.
        name: as the demonstration calls it.
        directory: holds its keys and its node.
    """

    id: str
    name: str
    directory: Path

    @property
    def keys(self) -> Path:
        """Its private keys and its witness."""
        return self.directory / "keys"

    @property
    def host(self) -> str:
        """Under which its keys are named."""
        return f"node.{self.id}.example"

    @property
    def node(self) -> Path:
        """The directory of its node: its record and its settings."""
        return self.directory / "node"

    @property
    def log(self) -> Path:
        """What its node has logged."""
        return self.directory / "node.log"

    def officer(self) -> Ed25519Signer:
        """The duty officer's key."""
        return load_key(self.keys / "officers" / f"{DUTY}.key")


def signatories(out: Path) -> list[Signatory]:
    """The two parties, each with a directory of its own."""
    names = zip("ab", PARTIES, strict=True)
    return [Signatory(id_, name, out / f"party-{id_}") for id_, name in names]


def agree(directory: Path, parties: Sequence[Signatory], day: Day) -> Agreement:
    """Draft, enrol and sign; what was in angle brackets is filled with sample words.

    Raises:
        AgreementUnusable, AgreementRefused, AgreementNotWritten: a step failed.
    """
    now = datetime.now(UTC)
    directory.mkdir()
    draft_agreement(
        directory,
        IDENTITY,
        [DraftParty(party.id, party.host, PORT) for party in parties],
        _around(day),
        (now.replace(microsecond=0), now.replace(microsecond=0) + timedelta(days=_DAYS)),
    )
    _fill(directory / "agreement.toml")
    for party in parties:
        party.directory.mkdir(mode=0o700)
        names = KeyNames(party.host, IDENTITY)
        make_party_keys(party.keys, names, OFFICERS, lambda: datetime.now(UTC))
        with key_offers(party.keys) as offers:
            request_enrolment(directory, party.id, offers)
    for party in parties:
        sign(directory, party.officer(), party.id)
    return load_agreement(directory)


def _around(day: Day) -> Box:
    tracks = [
        flight.track
        for flights in day.flights.values()
        for flight in flights
        if flight.track is not None
    ]
    west = min(float(track.lng_deg.min()) for track in tracks) - _MARGIN_DEG
    east = max(float(track.lng_deg.max()) for track in tracks) + _MARGIN_DEG
    south = min(float(track.lat_deg.min()) for track in tracks) - _MARGIN_DEG
    north = max(float(track.lat_deg.max()) for track in tracks) + _MARGIN_DEG
    return Box(
        max(-180.0, round(west, 1)),
        max(-89.0, round(south, 1)),
        min(180.0, round(east, 1)),
        min(89.0, round(north, 1)),
    )


def _fill(document: Path) -> None:
    """Sample words for what only real parties know; the rest of the draft stands as it is."""
    lines = []
    for line in document.read_text(encoding="utf-8").splitlines():
        key = line.partition(" ")[0]
        if key in _WORDS and "‹" in line:
            lines.append(f'{key} = "{_WORDS[key]}"')
        else:
            lines.append(re.sub("‹([^›]*)›", r"sample \1", line))
    document.write_text("\n".join(lines) + "\n", encoding="utf-8")
