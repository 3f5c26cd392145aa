"""A first draft: a complete document with comments, from a few facts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from detente.agreement.document import FORMAT
from detente.agreement.faults import AgreementRefused, AgreementUnusable, Faults
from detente.agreement.folder import DOCUMENT, PREVIOUS, write_file
from detente.agreement.loading import load_agreement
from detente.agreement.party_keys import KeyNames, check_id
from detente.agreement.rules import RULES, RulesRegistry
from detente.agreement.signatures import party_signatures
from detente.agreement.toml_source import parse_toml

AREA: Final = "area.geojson"


@dataclass(frozen=True, slots=True)
class DraftParty:
    """A party of a draft.

    Attributes:
        id: short name.
        host: of its node.
        port: of its node.
    """

    id: str
    host: str
    port: int = 443

    @classmethod
    def parse(cls, text: str) -> DraftParty:
        """From `a=node.a.example` or `a=node.a.example:8443`.

        Raises:
            AgreementRefused: it has another form.
        """
        found = re.fullmatch(r"([^=]+)=([^:=/@]+)(?::([0-9]{1,5}))?", text)
        if found is None:
            raise AgreementRefused(
                f"{text[:80]!r} is not ID=HOST or ID=HOST:PORT.", advice="Like a=node.a.example."
            )
        return cls(found[1], found[2], int(found[3] or 443))


@dataclass(frozen=True, slots=True)
class Box:
    """An area between two meridians and two parallels, degrees. West may be above east."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str) -> Box:
        """From `west,south,east,north`.

        Raises:
            AgreementRefused: these are not four numbers that make a box.
        """
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError:
            raise AgreementRefused(
                f"{text[:80]!r} is not WEST,SOUTH,EAST,NORTH in degrees.",
                advice="Like 35.5,35.6,36.6,36.2.",
            ) from None
        good = -180 <= west <= 180 and -180 <= east <= 180 and -90 < south < north < 90
        if not good or west == east:
            raise AgreementRefused(f"{text[:80]!r} is no area.", advice="South is below north.")
        return cls(west, south, east, north)


def draft_agreement(
    directory: Path,
    identity: str,
    parties: Sequence[DraftParty],
    box: Box,
    period: tuple[datetime, datetime],
) -> None:
    """Write `agreement.toml` and `area.geojson`, complete but for what only the parties know.

    Raises:
        AgreementRefused: an id or a host cannot be used, or there are fewer than two parties.
        AgreementNotWritten: there is an agreement already, or it cannot be written.
    """
    check_id(identity)
    if len(parties) < 2:
        raise AgreementRefused("An agreement has at least two parties.")
    for party in parties:
        check_id(party.id)
        KeyNames(party.host, identity)
    text = document_text(identity, parties, period)
    write_file(directory / DOCUMENT, text.encode(), replace=False)
    write_file(directory / AREA, area_text(box).encode(), replace=False)


def amend_agreement(old: Path, new: Path, *, rules: RulesRegistry = RULES) -> int:
    """Copy an agreement in force as a draft of its next version; the new version's number.

    Enrolments are copied with it: keys that do not change need no new proof.

    Raises:
        AgreementUnusable: the old one has faults.
        AgreementRefused: the old one is not signed by everybody.
        AgreementNotWritten: the new directory is not empty, or cannot be written.
    """
    agreement = load_agreement(old, rules=rules)
    missing = [each.party for each in party_signatures(agreement) if each.key is None]
    if agreement.signed is None or missing:
        raise AgreementRefused(
            f"It is not signed by {', '.join(missing)}.",
            where=str(old),
            advice="What is not in force yet can be changed as it is: everybody signs anew.",
        )
    version = agreement.document.version + 1
    data = _amended(agreement.files[DOCUMENT], version, agreement.sha256)
    write_file(new / DOCUMENT, data, replace=False)
    for name, content in agreement.files.items():
        if name != DOCUMENT:
            write_file(new / name, content, replace=False)
    write_file(new / PREVIOUS, agreement.signed.envelope.to_json(), replace=False)
    return version


def _amended(data: bytes, version: int, previous: str) -> bytes:
    faults = Faults()
    source = parse_toml(DOCUMENT, data, faults)
    if source is None:
        raise AgreementUnusable(faults.sorted(), DOCUMENT)
    lines = data.decode().replace("\r\n", "\n").split("\n")
    at = source.line(("version",)) - 1
    stated = [at]
    if ("previous",) in source.lines:
        stated.append(source.line(("previous",)) - 1)
    for number in stated:
        lines[number] = ""
    lines[at] = f'version = {version}\nprevious = "{previous}"'
    return "\n".join(line for number, line in enumerate(lines) if number not in stated[1:]).encode()


def area_text(box: Box) -> str:
    """GeoJSON of a box. Its northern and southern sides are geodesics, not parallels."""
    corners = [
        [box.west, box.south],
        [box.east, box.south],
        [box.east, box.north],
        [box.west, box.north],
        [box.west, box.south],
    ]
    ring = ",\n".join(f"        {json.dumps(corner)}" for corner in corners)
    return f"""{{
  "type": "FeatureCollection",
  "features": [
    {{
      "type": "Feature",
      "properties": {{}},
      "geometry": {{"type": "Polygon", "coordinates": [[
{ring}
      ]]}}
    }}
  ]
}}
"""


def document_text(
    identity: str, parties: Sequence[DraftParty], period: tuple[datetime, datetime]
) -> str:
    """The text of `agreement.toml`."""
    start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in period)
    return "\n".join(
        [
            _HEAD.format(format=FORMAT, id=identity, start=start, end=end),
            *(_party_text(party) for party in parties),
            _WITNESSING,
            _LINE,
            *(_contacts_text(party) for party in parties),
            _CHANNELS,
            _REST,
        ]
    )


def _party_text(party: DraftParty) -> str:
    name = party.id.upper()
    return _PARTY.format(id=party.id, name=name, host=party.host, port=party.port)


def _contacts_text(party: DraftParty) -> str:
    return _CONTACTS.format(id=party.id)


_HEAD = """\
# Agreement between parties that share a sky but no command.
#
# Everything in this file, in the GeoJSON file beside it and in enrolments/ is signed together.
# `detente agreement check` explains what is missing or wrong, with the line.
# Replace what stands in angle brackets ‹ › and read every number: it binds you.

format = "{format}"
id = "{id}"                # the same in every version, and part of the names of logs
version = 1
languages = ["en", "fr"]   # every text below stands in each of these

[title]
en = "Agreement on the safety of flights"
fr = "Accord sur la sécurité des vols"

[period]
from = {start}      # with an offset from UTC: Z is UTC itself
until = {end}

[area]
file = "area.geojson"
# unit: m, ft or FL; reference: W84 (ellipsoid), MSL, AGL, or STD (1013.25 hPa, for FL)
lower = {{ value = 0, unit = "m", reference = "AGL" }}
upper = {{ value = 660, unit = "FL", reference = "STD" }}
"""

_PARTY = """\
[[parties]]
id = "{id}"
name = {{ en = "Party {name}", fr = "Partie {name}" }}
addresses = [{{ host = "{host}", port = {port}, path = "/" }}]   # no other host is ever called
# In the party's own words. The others sign that it says so, not that it is so.
legal_ground.en = "‹On what ground Party {name} is present›"
legal_ground.fr = "‹À quel titre la Partie {name} est présente›"
officers = [
    {{ id = "duty", name = "Duty officer", duty = {{ en = "Answers the line", fr = "Répond sur la \
ligne" }} }},
    {{ id = "chief", name = "Chief of the cell", duty = {{ en = "Decides", fr = "Décide" }} }},
    {{ id = "desk", name = "Operations desk", duty = {{ en = "Always manned", fr = \
"Permanence" }} }},
]
"""

_WITNESSING = """\
# All other parties cosign each party's log. Neutral witnesses can be asked to do so as well:
# [[witnessing.neutral]]
# id = "neutral"
# name = "‹Who it is›"
# vkey = "‹witness.example/w1+…›"
# address = { host = "witness.example" }
[witnessing]
# neutral_needed = 1        # how many of them must have cosigned; one, if any is named
"""

_LINE = """\
[line]
languages = ["en", "fr"]    # spoken on the line
test_calls_per_day = 2

[line.acknowledge_within]   # an officer acknowledges within so many seconds
distress_s = 60
urgent_s = 300
routine_s = 3600

# Escalation: every contact has a deputy, who is called at once. The last deputy is a post that is
# always manned.
"""

_CONTACTS = """\
[[line.contacts]]
party = "{id}"
officer = "duty"
deputy = "chief"
after_s = 0
reach = ["‹telephone›"]

[[line.contacts]]
party = "{id}"
officer = "chief"
deputy = "desk"
after_s = 300
reach = ["‹telephone›"]
"""

_CHANNELS = """\
# Fall-back channels, the first one first.
[[line.channels]]
id = "telephone"
kind = "telephone"
name = { en = "Direct telephone line", fr = "Ligne téléphonique directe" }
at = "‹number›"

[[line.channels]]
id = "guard"
kind = "radio"
name = { en = "International distress frequency", fr = "Fréquence internationale de détresse" }
at = "in the air"
frequency_khz = 121500
"""

_REST = """\
[incidents]                 # clocks run from the first report
first_report_within_h = 24
answer_within_days = 7
urgent_answer_within_days = 2
meeting_within_days = 14
evidence_within_days = 30

[retention]                 # at least; personal data: at most
record_days = 3650
tracks_days = 365
recordings_days = 365
personal_data_days = 365
"""
