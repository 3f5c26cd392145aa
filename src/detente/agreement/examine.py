"""Reading a directory: everything that is wrong with it is found in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from detente.agreement.checks import check_document
from detente.agreement.document import Document, Party
from detente.agreement.enrolment import (
    ENROLMENT_BYTES_MAX,
    EnrolledKey,
    read_enrolment,
    read_vkey,
)
from detente.agreement.faults import Faults
from detente.agreement.folder import (
    DOCUMENT,
    ENROLMENTS,
    FILE_BYTES_MAX,
    PREVIOUS,
    SIGNATURES,
    STRAY_MAX,
    Folder,
    name_fault,
)
from detente.agreement.outline import GEOJSON_BYTES_MAX, AreaOutline
from detente.agreement.reading import Reader, near
from detente.agreement.rules import RulesRegistry
from detente.agreement.signed import SIGNATURES_BYTES_MAX, Signed, read_signed
from detente.agreement.toml_source import DOCUMENT_BYTES_MAX, Source, parse_toml

_OURS: Final = (".toml", ".geojson", ".dsse.json")


@dataclass(slots=True)
class Parts:
    """What could be read of a directory."""

    source: Source | None = None
    document: Document | None = None
    rules: dict[str, Any] = field(default_factory=dict)
    area: tuple[AreaOutline, ...] = ()
    keys: dict[str, tuple[EnrolledKey, ...]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    signed: Signed | None = None
    previous: Signed | None = None


def examine(
    directory: Path, registry: RulesRegistry, *, keys_needed: bool = True, judge_area: bool = True
) -> tuple[Parts, Faults]:
    """Read a directory as far as it can be read.

    Args:
        directory: where agreement.toml lies.
        registry: sections of rules that are known.
        keys_needed: off while parties are still to enrol.
        judge_area: off for a copy whose area was judged before; `Parts.area` stays empty then.
    """
    parts, faults = Parts(), Faults()
    with Folder.opened(directory, faults) as folder:
        if folder is not None:
            _Examination(folder, registry, parts, faults, keys_needed, judge_area).run()
    return parts, faults


class _Examination:
    def __init__(
        self,
        folder: Folder,
        registry: RulesRegistry,
        parts: Parts,
        faults: Faults,
        keys_needed: bool,
        judge_area: bool,
    ) -> None:
        self._folder = folder
        self._registry = registry
        self._parts = parts
        self._faults = faults
        self._keys_needed = keys_needed
        self._judge_area = judge_area

    def run(self) -> None:
        parts, folder = self._parts, self._folder
        data = folder.read(DOCUMENT, (DOCUMENT, 0), DOCUMENT_BYTES_MAX)
        if data is None:
            return
        parts.files[DOCUMENT] = data
        parts.source = parse_toml(DOCUMENT, data, self._faults)
        if parts.source is None:
            return
        reader = Reader(parts.source, self._faults)
        document = reader.struct(Document, parts.source.tree, aside=("rules",))
        if document is not None:
            check_document(document, reader)
        self._rules(reader, document)
        if document is None:
            return
        parts.document = document
        self._area(reader, document)
        self._annexes(reader, document)
        self._enrolments(reader, document)
        self._strays(document)
        parts.signed = self._signed(SIGNATURES)
        if document.version > 1:
            parts.previous = self._signed(PREVIOUS)

    def _rules(self, reader: Reader, document: Document | None) -> None:
        tree = reader.source.tree.get("rules", {})
        if not isinstance(tree, dict):
            reader.fault(("rules",), "field.wrong", "rules is no table.", "Write [rules.<name>].")
            return
        known = [section.name for section in self._registry]
        for name, value in tree.items():
            path = ("rules", name)
            section = self._registry.get(name)
            if section is None:
                reader.fault(
                    path,
                    "rules.unknown",
                    f"No capability knows the rules {name[:60]!r}.",
                    f"{near(name, known)} What no program applies must not look as if it did: "
                    "write it in an annex.",
                )
                continue
            made = reader.struct(section.schema, value, path)
            if made is None:
                continue
            self._parts.rules[name] = made
            if document is not None:
                for fault in section.check(made, document):
                    reader.fault((*path, *fault.path), "rules.invalid", fault.message, fault.remedy)

    def _area(self, reader: Reader, document: Document) -> None:
        data = self._named(reader, document.area.file, ("area", "file"), GEOJSON_BYTES_MAX)
        if not document.area.file.endswith(".geojson"):
            reader.fault(
                ("area", "file"),
                "file.name",
                f"{document.area.file!r} does not end in .geojson.",
                "Name the GeoJSON file.",
            )
        elif data is not None and self._judge_area:
            # Geometry loads slowly: by those only who look at an area.
            from detente.agreement.area import read_area

            self._parts.area = read_area(document.area.file, data, self._faults)

    def _annexes(self, reader: Reader, document: Document) -> None:
        taken = {document.area.file.lower()}
        for i, annex in enumerate(document.annexes):
            path = ("annexes", i, "file")
            if annex.file.lower() in taken:
                reader.fault(
                    path, "file.name", f"{annex.file!r} is named twice.", "Name every file once."
                )
                continue
            taken.add(annex.file.lower())
            self._named(reader, annex.file, path, FILE_BYTES_MAX)

    def _named(
        self, reader: Reader, name: str, path: tuple[str | int, ...], limit: int
    ) -> bytes | None:
        wrong = name_fault(name)
        if wrong is not None:
            reader.fault(path, "file.name", f"{name!r} cannot be the name of a file here.", wrong)
            return None
        data = self._folder.read(name, (DOCUMENT, reader.source.line(path)), limit)
        if data is not None:
            self._parts.files[name] = data
        return data

    def _enrolments(self, reader: Reader, document: Document) -> None:
        for i, party in enumerate(document.parties):
            name = f"{ENROLMENTS}/{party.id}.json"
            data = self._folder.read(name, None, ENROLMENT_BYTES_MAX)
            if data is not None:
                self._parts.files[name] = data
                keys = read_enrolment(name, data, document, party, self._faults)
                self._parts.keys[party.id] = keys
            elif self._keys_needed:
                reader.fault(
                    ("parties", i),
                    "enrolment.missing",
                    f"Party {party.id} has not enrolled its keys: {name} is not there.",
                    "Have it run `detente agreement enrol request DIR --party "
                    f"{party.id} --keys KEYS`.",
                )
        self._unique_keys(reader, document)

    def _unique_keys(self, reader: Reader, document: Document) -> None:
        owners: dict[bytes, str] = {}
        names: dict[str, str] = {}
        for i, witness in enumerate(document.witnessing.neutral):
            path = ("witnessing", "neutral", i, "vkey")
            line = reader.source.line(path)
            made = read_vkey(DOCUMENT, line, "witness", witness.vkey, self._faults)
            if made is not None:
                self._claim(made, f"neutral witness {witness.id}", DOCUMENT, line, owners, names)
                self._check_key_name(made[0], None, document, DOCUMENT, line)
        for party in document.parties:
            file = f"{ENROLMENTS}/{party.id}.json"
            for key in self._parts.keys.get(party.id, ()):
                what = f"the {key.purpose} key of party {party.id}"
                self._claim((key.name, key.public_key), what, file, 0, owners, names)
                self._check_key_name(key.name, party, document, file, 0)
                if key.purpose == "log" and not key.name.endswith(f"/{document.id}"):
                    self._faults.add(
                        file,
                        0,
                        "key.name",
                        f"The log is called {key.name}; a log is of one agreement alone.",
                        f"Its name ends with /{document.id}: make its key anew.",
                    )

    def _claim(
        self,
        key: tuple[str, bytes],
        what: str,
        file: str,
        line: int,
        owners: dict[bytes, str],
        names: dict[str, str],
    ) -> None:
        name, public_key = key
        if public_key in owners:
            self._faults.add(
                file,
                line,
                "key.duplicate",
                f"The public key of {what} ({name}) is also that of {owners[public_key]}.",
                "Every purpose of every party needs a key of its own: make a new one.",
            )
        elif name in names:
            self._faults.add(
                file,
                line,
                "key.name",
                f"The key name {name} of {what} is also that of {names[name]}.",
                "Signatures are told apart by the names of their keys: choose another.",
            )
        owners.setdefault(public_key, what)
        names.setdefault(name, what)

    def _check_key_name(
        self, name: str, party: Party | None, document: Document, file: str, line: int
    ) -> None:
        """A key is called after a host of its party, so that nobody signs under another's name."""
        host = name.partition("/")[0]
        owner = next(
            (p.id for p in document.parties if any(a.host == host for a in p.addresses)), None
        )
        if owner != (party.id if party else None) or "/" not in name:
            hosts = ", ".join(address.host for address in party.addresses) if party else ""
            self._faults.add(
                file,
                line,
                "key.name",
                f"The key is called {name[:120]}.",
                f"It should begin with a host of the party ({hosts}) and a slash."
                if party
                else "It should begin with a host of its own and a slash, not a party's.",
            )

    def _strays(self, document: Document) -> None:
        found = 0
        enrolments = {f"{ENROLMENTS}/{party.id}.json" for party in document.parties}
        known = {*self._parts.files, *enrolments, SIGNATURES, PREVIOUS, document.area.file}
        known.update(annex.file for annex in document.annexes)
        for name in (*self._folder.names(), *self._folder.names(ENROLMENTS)):
            inside = name.startswith(f"{ENROLMENTS}/")
            if name in known or not (inside or name.endswith(_OURS)) or name.startswith("."):
                continue
            found += 1
            if found <= STRAY_MAX:
                self._faults.add(
                    name,
                    0,
                    "file.stray",
                    f"{name!r} lies here, but is not part of the agreement.",
                    "Nobody would sign it: name it in the document, or take it away.",
                )

    def _signed(self, name: str) -> Signed | None:
        data = self._folder.read(name, None, SIGNATURES_BYTES_MAX)
        return None if data is None else read_signed(name, data, self._faults)
