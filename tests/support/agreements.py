"""Agreements for tests: the example of the documents, with keys made for the occasion."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from detente.agreement import KeyNames, key_offers, make_party_keys, request_enrolment, sign
from detente.record import Ed25519Signer, load_key

EXAMPLE = Path(__file__).parents[2] / "examples" / "agreement"
WITHIN = datetime(2027, 1, 1, tzinfo=UTC)
Officers = Mapping[str, tuple[str, str]]
OFFICERS: Officers = {"a": ("durand", "martin"), "b": ("nowak", "lind")}
THREE: Officers = {**OFFICERS, "c": ("okafor", "silva")}
"""With a third party; the example has two."""


@dataclass(frozen=True)
class World:
    """A directory with an agreement, and one with keys for each party."""

    root: Path
    officers: Officers = field(default_factory=lambda: OFFICERS)

    @property
    def agreement(self) -> Path:
        return self.root / "agreement"

    @property
    def document(self) -> Path:
        return self.agreement / "agreement.toml"

    @property
    def signatures(self) -> Path:
        return self.agreement / "agreement.dsse.json"

    def keys(self, party: str) -> Path:
        return self.root / f"keys-{party}"

    def officer(self, party: str, which: int = 0) -> Ed25519Signer:
        return load_key(self.keys(party) / "officers" / f"{self.officers[party][which]}.key")

    def node(self, party: str) -> Ed25519Signer:
        return load_key(self.keys(party) / "node.key")

    def change(self, old: str, new: str, *, name: str = "agreement.toml", count: int = 1) -> int:
        """Replace a text in a file; the line where it stood."""
        path = self.agreement / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new, count), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def sign_all(self) -> str:
        """Everybody signs; the hash."""
        hashes = {sign(self.agreement, self.officer(party), party) for party in self.officers}
        assert len(hashes) == 1
        return hashes.pop()


def drafted(root: Path, officers: Officers = OFFICERS) -> World:
    """The example, without keys; with more parties if their officers are named."""
    world = World(root, officers)
    shutil.copytree(EXAMPLE, world.agreement)
    for party in officers.keys() - OFFICERS.keys():
        first, second = officers[party]
        world.change("\n[line]\n", _PARTY.format(party, first, second) + "\n[line]\n")
        telephone = '\n[[line.channels]]\nid = "telephone"'
        world.change(telephone, _CONTACT.format(party, first, second) + telephone)
    return world


_PARTY = """
[[parties]]
id = "{0}"
name = {{ en = "Party {0}", fr = "Partie {0}" }}
addresses = [{{ host = "node.{0}.example" }}]
legal_ground.en = "It is there as well."
legal_ground.fr = "Elle y est aussi."
officers = [
    {{ id = "{1}", name = "Colonel {1}", duty = {{ en = "Head", fr = "Chef" }} }},
    {{ id = "{2}", name = "Major {2}", duty = {{ en = "Deputy", fr = "Adjoint" }} }},
]
"""
_CONTACT = """
[[line.contacts]]
party = "{0}"
officer = "{1}"
deputy = "{2}"
after_s = 0
reach = ["line room {0}"]
"""


def enrolled(root: Path, *, fresh: bool = False, officers: Officers = OFFICERS) -> World:
    """The example with the keys of all parties, not signed.

    The keys are the same ones each time unless `fresh` ones are asked for: making a witness waits
    for the disk.
    """
    if fresh or officers is not OFFICERS:
        return _enrol(root, officers)
    for name, (mode, data) in _template().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)
        path.chmod(mode)
    return World(root)


@functools.cache
def _template() -> dict[str, tuple[int, bytes]]:
    with tempfile.TemporaryDirectory() as place:
        root = _enrol(Path(place)).root
        return {
            str(path.relative_to(root)): (path.stat().st_mode & 0o777, path.read_bytes())
            for path in root.rglob("*")
            if path.is_file()
        }


def _enrol(root: Path, parties: Officers = OFFICERS) -> World:
    world = drafted(root, parties)
    for party, officers in parties.items():
        names = KeyNames(f"node.{party}.example", "ab-2026")
        make_party_keys(world.keys(party), names, officers, lambda: WITHIN)
        with key_offers(world.keys(party)) as offers:
            request_enrolment(world.agreement, party, offers)
    return world
