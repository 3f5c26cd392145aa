"""Enrolment: which keys are whose, each with the proof that somebody holds its private half."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A key of a party.

    Attributes:
        purpose: `log`, `witness`, `signing` or `officer`.
        vkey: the public key as `<name>+<id>+<base64>`.
        holder: the officer's id; empty for keys of the node.
        name: of the key.
        public_key: 32 bytes.
    """

    purpose: str
    vkey: str
    holder: str
    name: str
    public_key: bytes
