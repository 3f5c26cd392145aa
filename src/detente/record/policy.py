"""Policies: whose signatures make a checkpoint believable (C2SP tlog-policy).

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...
    quorum <name>|none

The text is taken as octets: what is not ASCII has no meaning, and no two spellings of it are alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from detente.errors import DetenteError

from .cosignature import Cosignature, CosignatureVerifier
from .keys import KeyInvalid, Verifier

POLICY_BYTES_MAX = 256 * 1024
DEFINITIONS_MAX = 1024
"""Of logs, witnesses and groups together; the specification asks for 32 of each."""

NONE = "none"
_BLANKS = re.compile(r"[ \t]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class PolicyMalformed(DetenteError):
    """A text is not a policy."""

    code: ClassVar[str] = "record.policy"


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is believed: its key's name is its origin."""

    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness that counts; `name` is the policy's own word for it, not its key's name."""

    name: str
    verifier: CosignatureVerifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """Witnesses and groups of which `threshold` must have cosigned."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Which logs are believed, and which cosignatures are enough.

    Made by hand it is not checked; `parse(policy.to_text())` does that.

    Attributes:
        logs: any one of them must have signed; none when the log is known otherwise.
        witnesses: those that count.
        groups: a group names only witnesses and groups before it.
        quorum: name of the witness or group that must have cosigned; None when none need have.
    """

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str | None

    @classmethod
    def build(
        cls,
        log: Verifier,
        peers: Mapping[str, CosignatureVerifier],
        neutral: Mapping[str, CosignatureVerifier],
    ) -> Policy:
        """All peers must have cosigned, and one of the neutral witnesses if there are any.

        Args:
            log: key of the log.
            peers: id of each other party to its witness key.
            neutral: name of each neutral witness to its key.

        Raises:
            PolicyMalformed: names or keys that a policy cannot hold.
        """
        if clash := peers.keys() & neutral.keys():
            raise PolicyMalformed("Two witnesses have one name.", where=min(clash))
        witnesses = tuple(PolicyWitness(name, key) for name, key in {**peers, **neutral}.items())
        used = {*peers, *neutral}
        groups: list[PolicyGroup] = []

        def group(name: str, threshold: int, members: tuple[str, ...]) -> str:
            if len(members) == 1:
                return members[0]
            while name in used:
                name += "-"
            used.add(name)
            groups.append(PolicyGroup(name, threshold, members))
            return name

        needed: list[str] = []
        if neutral:
            needed.append(group("any-neutral", 1, tuple(neutral)))
        needed = [*peers, *needed]
        quorum = group("quorum", len(needed), tuple(needed)) if needed else None
        made = cls((PolicyLog(log),), witnesses, tuple(groups), quorum)
        if cls.parse(made.to_text()) != made:
            raise PolicyMalformed("The names cannot stand in a policy.")
        return made

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """Read a policy; octets that are not UTF-8 become lone surrogates and stay what they are.

        Raises:
            PolicyMalformed: it is not one; `where` names the line.
        """
        try:
            octets = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
        except UnicodeEncodeError:
            raise PolicyMalformed("A policy is text.") from None
        if len(octets) > POLICY_BYTES_MAX:
            raise PolicyMalformed(f"A policy has at most {POLICY_BYTES_MAX} bytes.")
        lines = octets.decode(errors="surrogateescape").split("\n")
        if lines.pop():
            raise PolicyMalformed("The last line does not end.", where=f"line {len(lines) + 1}")
        reader = _Reader()
        for number, line in enumerate(lines, start=1):
            try:
                reader.line(line)
            except PolicyMalformed as error:
                raise PolicyMalformed(error.message, where=f"line {number}") from error
            except KeyInvalid as error:
                raise PolicyMalformed(f"The key: {error}", where=f"line {number}") from error
        return reader.policy()

    def to_text(self) -> str:
        """The policy as text: logs, witnesses, groups, and the quorum, one blank between words."""
        lines = [_join("log", log.verifier.to_vkey(), log.url) for log in self.logs]
        lines += [
            _join("witness", witness.name, witness.verifier.to_vkey(), witness.url)
            for witness in self.witnesses
        ]
        for each in self.groups:
            whole = each.threshold == len(each.members)
            some = "all" if whole else "any" if each.threshold == 1 else str(each.threshold)
            lines.append(_join("group", each.name, some, *each.members))
        lines.append(_join("quorum", NONE if self.quorum is None else self.quorum))
        return "".join(line + "\n" for line in lines)

    def satisfied(self, key_names: Iterable[str]) -> bool:
        """Whether cosignatures by the witness keys of these names are enough.

        A name that several witnesses' keys have counts for none of them; `satisfied_by` tells them
        apart.
        """
        bearers = Counter(witness.verifier.name for witness in self.witnesses)
        good = {name for name in key_names if bearers[name] == 1}
        return self._enough(
            {witness.name for witness in self.witnesses if witness.verifier.name in good}
        )

    def satisfied_by(self, cosignatures: Iterable[Cosignature]) -> bool:
        """Whether these cosignatures, which are good, are enough."""
        good = {(each.name, each.key_id) for each in cosignatures}
        return self._enough(
            {
                witness.name
                for witness in self.witnesses
                if (witness.verifier.name, witness.verifier.key_id) in good
            }
        )

    def _enough(self, witnessed: set[str]) -> bool:
        for each in self.groups:
            if sum(member in witnessed for member in each.members) >= each.threshold:
                witnessed.add(each.name)
        return self.quorum is None or self.quorum in witnessed


class _Reader:
    def __init__(self) -> None:
        self._logs: dict[bytes, PolicyLog] = {}
        self._witnesses: dict[bytes, PolicyWitness] = {}
        self._groups: list[PolicyGroup] = []
        self._defined: set[str] = set()
        self._members: set[str] = set()
        self._quorum: list[str] = []

    def line(self, line: str) -> None:
        if _FORBIDDEN.search(line) is not None:
            raise PolicyMalformed("Of control characters, only tabs are allowed.")
        stripped = line.strip(" \t")
        if not stripped or stripped.startswith("#"):
            return
        word, *rest = _BLANKS.split(stripped)
        if word == "log" and 1 <= len(rest) <= 2:
            self._log(*rest)
        elif word == "witness" and 2 <= len(rest) <= 3:
            self._witness(*rest)
        elif word == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], rest[2:])
        elif word == "quorum" and len(rest) == 1:
            self._set_quorum(rest[0])
        else:
            raise PolicyMalformed("It is not a log, witness, group or quorum line.")
        if len(self._logs) + len(self._defined) > DEFINITIONS_MAX:
            raise PolicyMalformed(f"More than {DEFINITIONS_MAX} definitions.")

    def policy(self) -> Policy:
        if not self._quorum:
            raise PolicyMalformed(
                "There is no quorum line.", advice="Write `quorum none` for none."
            )
        quorum = self._quorum[0]
        return Policy(
            tuple(self._logs.values()),
            tuple(self._witnesses.values()),
            tuple(self._groups),
            None if quorum == NONE else quorum,
        )

    def _log(self, vkey: str, url: str | None = None) -> None:
        verifier = Verifier.from_vkey(vkey)
        if verifier.public_key in self._logs:
            raise PolicyMalformed("Another log has this key.")
        self._logs[verifier.public_key] = PolicyLog(verifier, url)

    def _witness(self, name: str, vkey: str, url: str | None = None) -> None:
        self._define(name)
        verifier = CosignatureVerifier.from_vkey(vkey)
        if verifier.public_key in self._witnesses:
            raise PolicyMalformed("Another witness has this key.")
        self._witnesses[verifier.public_key] = PolicyWitness(name, verifier, url)

    def _group(self, name: str, some: str, members: list[str]) -> None:
        for member in members:
            if member not in self._defined:
                raise PolicyMalformed("A member is not defined on a line before.")
            if member in self._members:
                raise PolicyMalformed("A member is in a group already.")
            self._members.add(member)
        self._define(name)
        words = {"all": len(members), "any": 1}
        threshold = words.get(some, int(some) if _NUMBER.fullmatch(some) else 0)
        if not 1 <= threshold <= len(members):
            raise PolicyMalformed("The number is `all`, `any`, or from 1 to that of members.")
        self._groups.append(PolicyGroup(name, threshold, tuple(members)))

    def _set_quorum(self, name: str) -> None:
        if self._quorum:
            raise PolicyMalformed("There is a quorum line already.")
        if name != NONE and name not in self._defined:
            raise PolicyMalformed("The quorum is not defined on a line before.")
        self._quorum.append(name)

    def _define(self, name: str) -> None:
        if name == NONE:
            raise PolicyMalformed("`none` cannot be a name.")
        if name in self._defined:
            raise PolicyMalformed("The name is taken.")
        self._defined.add(name)


def _join(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None)
