"""Faults of an agreement: what is wrong, in which file and line, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from detente.errors import DetenteError

FAULTS_MAX: Final = 200
"""More than these help nobody; what follows is counted, and not told."""

FAULT_CODES: Final[dict[str, str]] = {
    "address.host": "A node's address is not a host name with port and path.",
    "address.shared": "Two parties claim the same address.",
    "altitude.order": "The lower altitude is above the upper one.",
    "altitude.reference": "The unit of an altitude does not go with what it is measured from.",
    "area.empty": "The area has no polygon.",
    "area.json": "The file of the area is not the JSON that it should be.",
    "area.limit": "The area has more parts or vertices than the limit.",
    "area.outline": "An outline of the area cannot be used: crossing edges, no area, and the like.",
    "enrolment.agreement": "An enrolment was made for another agreement or another party.",
    "enrolment.holder": "An enrolled key belongs to nobody whom the document names.",
    "enrolment.malformed": "An enrolment is not what `detente agreement enrol request` writes.",
    "enrolment.missing": "A party has not enrolled its keys, or not all that are needed.",
    "enrolment.proof": "The proof that somebody holds the private key is missing or wrong.",
    "field.missing": "A field that must be there is not.",
    "field.unknown": "A field that nothing is known of; often a slip of the keyboard.",
    "field.wrong": "A value is not of the kind or in the range that the field takes.",
    "file.limit": "A file, or the number of files, is larger than the limit.",
    "file.missing": "A file that the document names is not there.",
    "file.name": "A file's name could lead out of the directory, or mean two things.",
    "file.stray": "A file lies beside the document, but is not part of the agreement.",
    "file.unusable": "A file cannot be read, or is not a regular file.",
    "id.confusable": "Two ids look alike.",
    "id.duplicate": "An id is given twice.",
    "id.reserved": "An id has a meaning of its own elsewhere.",
    "id.unknown": "An id refers to nothing in the document.",
    "incidents.order": "An urgent answer may take longer than an ordinary one.",
    "key.duplicate": "A public key stands in the agreement twice, under whatever name or purpose.",
    "key.name": "A key's name is not the one that its party and purpose ask for.",
    "key.type": "A key is not of the type that its purpose needs.",
    "key.unusable": "A public key is not canonical, of small order, or not a key.",
    "line.deadlines": "A more urgent message may be acknowledged later than a less urgent one.",
    "line.deputy": "A contact has no deputy other than itself, or one of another party.",
    "line.deputy_loop": "Deputies stand in for each other in a circle.",
    "line.escalation": "A party's escalation list is missing, or does not go on in time.",
    "line.language": "A language of the line is given twice, or none is given.",
    "parties.few": "There are fewer than two parties.",
    "period.order": "The period ends before it begins.",
    "retention.short": "Something is kept for less time than an incident may take.",
    "rules.invalid": "A section of rules contradicts itself or the rest of the document.",
    "rules.unknown": "No capability knows this section of rules.",
    "signature.text": "What was signed is not what lies here now.",
    "signature.unusable": "The signatures cannot be read.",
    "signature.wrong": "A signature is wrong, or by a key that nobody enrolled.",
    "text.hidden": "A text holds characters that cannot be seen or change its direction.",
    "text.placeholder": "A placeholder of the draft was not replaced.",
    "text.language": "A text is missing in a language of the document, or too much.",
    "time.offset": "A time does not say its offset from UTC.",
    "toml.limit": "The document is nested too deeply, or a line is too long.",
    "toml.syntax": "The document is not TOML.",
    "toml.text": "The document is not plain UTF-8.",
    "version.previous": "The version and the hash of the previous one do not go together.",
    "witness.quorum": "More neutral witnesses are needed than there are.",
}
"""What every code means. Stable; `docs/agreement.md` lists them."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        file: name relative to the agreement's directory.
        line: counted from 1; 0 where a file has no lines to speak of, or is not there.
        code: one of `FAULT_CODES`.
        message: a sentence.
        remedy: what to do.
    """

    file: str
    line: int
    code: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message} {self.remedy} [{self.code}]"


@dataclass(slots=True)
class Faults:
    """Gathers faults while a document is read."""

    found: list[Fault] = field(default_factory=list)
    left_out: int = 0

    def add(self, file: str, line: int, code: str, message: str, remedy: str) -> None:
        """Note one; beyond `FAULTS_MAX` only their number."""
        if code not in FAULT_CODES:
            raise KeyError(code)
        if len(self.found) < FAULTS_MAX:
            self.found.append(Fault(file, line, code, message, remedy))
        else:
            self.left_out += 1

    @property
    def full(self) -> bool:
        """Whether further ones are only counted: no need to work out what to say."""
        return len(self.found) >= FAULTS_MAX

    def extend(self, faults: Iterable[Fault]) -> None:
        """Note several."""
        for fault in faults:
            self.add(fault.file, fault.line, fault.code, fault.message, fault.remedy)

    def sorted(self) -> list[Fault]:
        """By file and line, each once."""
        return sorted(set(self.found))

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


class AgreementUnusable(DetenteError):
    """The directory does not hold an agreement without faults.

    Attributes:
        faults: all that were found.
    """

    code: ClassVar[str] = "agreement.unusable"

    def __init__(self, faults: list[Fault], where: str) -> None:
        count = len(faults)
        first = f" The first: {faults[0]}" if faults else ""
        super().__init__(
            f"The agreement has {count} fault{'' if count == 1 else 's'}.{first}",
            where=where,
            advice="`detente agreement check` explains every one.",
        )
        self.faults = faults


class AgreementRefused(DetenteError):
    """Something was asked that the agreement's state does not allow."""

    code: ClassVar[str] = "agreement.refused"


class AgreementNotWritten(DetenteError):
    """A file of the agreement could not be written."""

    code: ClassVar[str] = "agreement.not_written"


class RulesClash(DetenteError):
    """Two capabilities register a section of rules under one name; a fault of the program."""

    code: ClassVar[str] = "agreement.rules_clash"
