"""The document of an agreement as types: `agreement.toml`, field by field.

Descriptions stand with the fields: faults quote them, and `docs/agreement-fields.md` is made of
them. What types cannot say is in `checks`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

FORMAT: Final = "detente-agreement/1"

ID_PATTERN: Final = r"^[a-z][a-z0-9-]{0,31}\Z"
_ID_FORM: Final = "a lower-case letter, then up to 31 lower-case letters, digits or hyphens"

Id = Annotated[str, Meta(pattern=ID_PATTERN, description=_ID_FORM)]
LanguageCode = Annotated[
    str, Meta(pattern=r"^[a-z]{2,3}\Z", description="a language code of ISO 639, such as en or fr")
]
Phrase = Annotated[
    str, Meta(min_length=1, max_length=300, description="a text of 1 to 300 characters")
]
LongText = Annotated[
    str, Meta(min_length=1, max_length=20_000, description="a text of 1 to 20,000 characters")
]
Phrases = Annotated[
    dict[LanguageCode, Phrase], Meta(min_length=1, description='texts by language: { en = "…" }')
]
LongTexts = Annotated[
    dict[LanguageCode, LongText], Meta(min_length=1, description='texts by language: { en = "…" }')
]
Hash = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="a SHA-256 hash: 64 lower-case hex digits")
]
FileName = Annotated[
    str, Meta(min_length=1, max_length=100, description="the name of a file beside the document")
]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table of the document."""


class Period(Part, frozen=True, kw_only=True):
    """When the agreement applies."""

    from_: Annotated[
        datetime, Meta(tz=True, description="Its first instant, with offset from UTC.")
    ] = msgspec.field(name="from")
    until: Annotated[
        datetime, Meta(tz=True, description="Its end: the first instant that is not in it.")
    ]


class Altitude(Part, frozen=True, kw_only=True):
    """A level in the air. Nothing is converted: what the parties wrote is what they agreed."""

    value: Annotated[float, Meta(ge=-10_000, le=1_000_000, description="A number.")]
    unit: Annotated[Literal["m", "ft", "FL"], Meta(description="Metres, feet, or flight level.")]
    reference: Annotated[
        Literal["W84", "MSL", "AGL", "STD"],
        Meta(
            description="What it is measured from: the WGS-84 ellipsoid, mean sea level, the "
            "ground, or the pressure 1013.25 hPa (flight levels)."
        ),
    ]


class Area(Part, frozen=True, kw_only=True):
    """Where the agreement applies."""

    file: Annotated[
        FileName, Meta(description="GeoJSON with polygons, WGS-84, beside the document.")
    ]
    lower: Annotated[Altitude, Meta(description="Bottom of the band of altitudes.")]
    upper: Annotated[Altitude, Meta(description="Top of the band of altitudes.")]


class Address(Part, frozen=True, kw_only=True):
    """Where a node is called, over HTTPS. No other host is ever called for its party."""

    host: Annotated[
        str, Meta(min_length=1, max_length=253, description="A host name; no IP address.")
    ]
    port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port.")] = 443
    path: Annotated[str, Meta(max_length=200, description="Prefix of every path.")] = "/"

    @property
    def url(self) -> str:
        """As a base URL, without a slash at its end."""
        port = "" if self.port == 443 else f":{self.port}"
        return f"https://{self.host}{port}{self.path.rstrip('/')}"


class Officer(Part, frozen=True, kw_only=True):
    """A person who may sign or be called for a party; a post, if names are not to be told."""

    id: Annotated[Id, Meta(description="Unique within the party; keys are enrolled under it.")]
    name: Annotated[Phrase, Meta(description="As it is shown: rank and name, or a post.")]
    duty: Annotated[Phrases, Meta(description="What the person is there for.")]


class Party(Part, frozen=True, kw_only=True):
    """One of those who agree. Its keys stand in `enrolments/<id>.json`."""

    id: Annotated[Id, Meta(description="Short name in the record.")]
    name: Annotated[Phrases, Meta(description="As the party calls itself.")]
    legal_ground: Annotated[
        LongTexts,
        Meta(
            description="On what ground it is present, in its own words. The others sign that it "
            "says so, not that it is so."
        ),
    ]
    addresses: Annotated[list[Address], Meta(min_length=1, max_length=8, description="Its nodes.")]
    officers: Annotated[
        list[Officer], Meta(min_length=1, max_length=100, description="Its people.")
    ]


class NeutralWitness(Part, frozen=True, kw_only=True):
    """Somebody who is no party and cosigns the parties' logs."""

    id: Annotated[Id, Meta(description="Short name in the policies.")]
    name: Annotated[Phrase, Meta(description="Who it is.")]
    vkey: Annotated[
        str, Meta(max_length=400, description="Its cosignature key: `<name>+<key id>+<base64>`.")
    ]
    address: Annotated[Address | None, Meta(description="Where it takes checkpoints.")] = None


class Witnessing(Part, frozen=True, kw_only=True):
    """Who must have cosigned a log before it counts: all other parties, and neutral witnesses."""

    neutral: Annotated[
        list[NeutralWitness], Meta(max_length=30, description="Witnesses that are no party.")
    ] = []
    neutral_needed: Annotated[
        Annotated[int, Meta(ge=0, le=30)] | None,
        Meta(description="How many of the neutral ones must have cosigned; one, if not given."),
    ] = None

    @property
    def neutral_quorum(self) -> int:
        """How many neutral witnesses must have cosigned; none where none is named."""
        if self.neutral_needed is None:
            return min(1, len(self.neutral))
        return self.neutral_needed


class AcknowledgeWithin(Part, frozen=True, kw_only=True):
    """How soon an officer acknowledges, by urgency."""

    distress_s: Annotated[int, Meta(ge=5, le=3_600, description="Life is in danger now: seconds.")]
    urgent_s: Annotated[int, Meta(ge=10, le=86_400, description="It cannot wait: seconds.")]
    routine_s: Annotated[int, Meta(ge=60, le=604_800, description="Everything else: seconds.")]


class Contact(Part, frozen=True, kw_only=True):
    """One step of a party's escalation list."""

    party: Annotated[Id, Meta(description="Whose contact it is.")]
    officer: Annotated[Id, Meta(description="Who is called.")]
    deputy: Annotated[
        Id, Meta(description="Who is called at once when the officer does not answer.")
    ]
    after_s: Annotated[
        int,
        Meta(ge=0, le=86_400, description="Seconds without answer after which this step begins."),
    ]
    reach: Annotated[
        list[Phrase],
        Meta(min_length=1, max_length=10, description="Numbers and places, the best one first."),
    ]


class Channel(Part, frozen=True, kw_only=True):
    """A way to talk when the ones above it fail."""

    id: Annotated[Id, Meta(description="Short name.")]
    kind: Annotated[
        Literal["data", "telephone", "satellite", "radio", "courier"], Meta(description="Its kind.")
    ]
    name: Annotated[Phrases, Meta(description="What it is.")]
    at: Annotated[Phrase, Meta(description="Number, call sign or place.")]
    frequency_khz: Annotated[
        Annotated[float, Meta(ge=3, le=300_000_000)] | None,
        Meta(description="For radio: kilohertz (121.5 MHz is 121500)."),
    ] = None


class Line(Part, frozen=True, kw_only=True):
    """Rules of the line between the parties."""

    languages: Annotated[
        list[LanguageCode], Meta(min_length=1, max_length=10, description="Spoken on the line.")
    ]
    test_calls_per_day: Annotated[
        int, Meta(ge=0, le=96, description="How often each party tries the line.")
    ]
    acknowledge_within: Annotated[
        AcknowledgeWithin, Meta(description="Deadlines of acknowledgement.")
    ]
    contacts: Annotated[
        list[Contact], Meta(min_length=1, max_length=200, description="Escalation, by party.")
    ]
    channels: Annotated[
        list[Channel],
        Meta(min_length=1, max_length=30, description="Fall-back channels, the first one first."),
    ]


class Incidents(Part, frozen=True, kw_only=True):
    """Clocks of an incident; they run from its first report."""

    first_report_within_h: Annotated[
        int, Meta(ge=1, le=720, description="To tell the other side of what happened: hours.")
    ]
    answer_within_days: Annotated[
        int, Meta(ge=1, le=365, description="To answer a request for clarification: days.")
    ]
    urgent_answer_within_days: Annotated[
        int, Meta(ge=1, le=365, description="To answer one that is marked urgent: days.")
    ]
    meeting_within_days: Annotated[
        int, Meta(ge=1, le=365, description="To meet, if either side asks for it: days.")
    ]
    evidence_within_days: Annotated[
        int, Meta(ge=1, le=365, description="To hand over evidence bundles: days.")
    ]


class Retention(Part, frozen=True, kw_only=True):
    """How long each party keeps what, at least; personal data at most."""

    record_days: Annotated[int, Meta(ge=1, le=36_525, description="Payloads of the record: days.")]
    tracks_days: Annotated[int, Meta(ge=1, le=36_525, description="Position reports: days.")]
    recordings_days: Annotated[int, Meta(ge=1, le=36_525, description="Recordings of voice: days.")]
    personal_data_days: Annotated[
        int, Meta(ge=1, le=36_525, description="Personal data, at most: days.")
    ]


class Annex(Part, frozen=True, kw_only=True):
    """A further file that is part of the agreement, such as a signed scan."""

    file: Annotated[FileName, Meta(description="Its name; .pdf, .txt, .md or .geojson.")]
    title: Annotated[Phrases, Meta(description="What it is.")]


class Document(Part, frozen=True, kw_only=True):
    """`agreement.toml`."""

    format: Annotated[Literal["detente-agreement/1"], Meta(description="Version of the format.")]
    id: Annotated[Id, Meta(description="Name of the agreement, the same in every version.")]
    version: Annotated[int, Meta(ge=1, le=100_000, description="Counted from 1.")]
    previous: Annotated[
        Hash | None, Meta(description="Hash of the version that this one replaces.")
    ] = None
    languages: Annotated[
        list[LanguageCode],
        Meta(min_length=1, max_length=10, description="Every text stands in each of these."),
    ]
    title: Annotated[Phrases, Meta(description="What the agreement is called.")]
    period: Annotated[Period, Meta(description="When it applies.")]
    area: Annotated[Area, Meta(description="Where it applies.")]
    parties: Annotated[list[Party], Meta(min_length=1, max_length=30, description="Two or more.")]
    witnessing: Annotated[Witnessing, Meta(description="Who cosigns the logs.")] = Witnessing()
    line: Annotated[Line, Meta(description="Rules of the line.")]
    incidents: Annotated[Incidents, Meta(description="Clocks of incidents.")]
    retention: Annotated[Retention, Meta(description="How long things are kept.")]
    annexes: Annotated[
        list[Annex], Meta(max_length=50, description="Further files that are signed.")
    ] = []

    def party(self, identity: str) -> Party | None:
        """The party of that id."""
        return next((party for party in self.parties if party.id == identity), None)
