"""The private keys of a party on disk, and what of them is offered for enrolment.

    DIR/log.key               signs the checkpoints of its log
    DIR/witness.db            cosigns the logs of others: key and memory are one object
    DIR/node.key              signs what its node states
    DIR/officers/<id>.key     signs what an officer states

Every file belongs to its owner alone (0600). Whatever has `name`, `public_key` and `sign` can take
the place of a file (`detente.record.Signer`): nothing here or in the record asks for more.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from detente.agreement.checks import host_fault
from detente.agreement.document import ID_PATTERN
from detente.agreement.enrolment import KeyOffer
from detente.agreement.faults import AgreementNotWritten, AgreementRefused
from detente.record import SqliteWitnessStore, Witness, generate_key, load_key, save_key

LOG_KEY: Final = "log.key"
WITNESS: Final = "witness.db"
NODE_KEY: Final = "node.key"
OFFICERS: Final = "officers"


@dataclass(frozen=True, slots=True)
class KeyNames:
    """What the keys of a party are called under an agreement.

    Attributes:
        host: one of the party's hosts: names of keys begin with it.
        agreement: id of the agreement.
    """

    host: str
    agreement: str

    def __post_init__(self) -> None:
        wrong = host_fault(self.host)
        if wrong is not None:
            raise AgreementRefused(wrong, where=self.host[:80])
        check_id(self.agreement)

    @property
    def log(self) -> str:
        """Of the log; also its origin."""
        return f"{self.host}/log/{self.agreement}"

    @property
    def witness(self) -> str:
        """Of the witness."""
        return f"{self.host}/witness/{self.agreement}"

    @property
    def node(self) -> str:
        """Of the node."""
        return f"{self.host}/node/{self.agreement}"

    def officer(self, identity: str) -> str:
        """Of an officer."""
        return f"{self.host}/officer/{identity}/{self.agreement}"


def check_id(identity: str) -> None:
    """Refuse what cannot be an id, before it becomes part of a path.

    Raises:
        AgreementRefused: it is none.
    """
    if not re.search(ID_PATTERN, identity):
        raise AgreementRefused(
            f"{identity[:60]!r} cannot be an id.",
            advice="A lower-case letter, then up to 31 lower-case letters, digits or hyphens.",
        )


def make_party_keys(
    directory: Path, names: KeyNames, officers: Sequence[str], clock: Callable[[], datetime]
) -> list[Path]:
    """Make what is not there yet; paths of what was made. Nothing is overwritten.

    Raises:
        AgreementRefused: an officer's id cannot be one.
        AgreementNotWritten: the directory cannot be made.
        KeyFileUnusable, WitnessFileUnusable: a file cannot be written.
    """
    for officer in officers:
        check_id(officer)
    try:
        for place in (directory, directory / OFFICERS):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AgreementNotWritten(
            f"The directory cannot be made: {error.strerror}.", where=str(directory)
        ) from None
    wanted = [(directory / LOG_KEY, names.log), (directory / NODE_KEY, names.node)]
    wanted += [(directory / OFFICERS / f"{id_}.key", names.officer(id_)) for id_ in officers]
    made = []
    for path, name in wanted:
        if not os.path.lexists(path):
            save_key(generate_key(name), path)
            made.append(path)
    if not os.path.lexists(directory / WITNESS):
        Witness.create(directory / WITNESS, names.witness, clock=clock).close()
        made.append(directory / WITNESS)
    return made


@contextlib.contextmanager
def key_offers(directory: Path) -> Iterator[list[KeyOffer]]:
    """What a party's directory of keys holds, ready to sign while the block runs.

    Raises:
        KeyFileUnusable, WitnessFileUnusable: a key is missing, or not to be trusted.
        WitnessInUse: a node runs that uses the witness.
    """
    offers = [
        KeyOffer("log", "", load_key(directory / LOG_KEY)),
        KeyOffer("signing", "", load_key(directory / NODE_KEY)),
    ]
    offers += [
        KeyOffer("officer", path.stem, load_key(path))
        for path in sorted((directory / OFFICERS).glob("*.key"))
    ]
    witness = SqliteWitnessStore(directory / WITNESS)
    try:
        offers.insert(1, KeyOffer("witness", "", witness.signer))
        yield offers
    finally:
        witness.close()
