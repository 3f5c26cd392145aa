"""Reports of the events that were read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.feeds.decoding import Counts
from detente.feeds.quality import CIRCLE_95, LINE_95
from detente.feeds.reports import NEVER, Basis, Reports, Source, empty, of_columns

from ._columns import (
    AIR_TRACK,
    BEGIN,
    CALLSIGN_BEGIN,
    CALLSIGN_END,
    CE_M,
    CONTROL,
    COURSE_DEG,
    END,
    HAE_M,
    HOW,
    KIND,
    LAT_DEG,
    LE_M,
    LNG_DEG,
    MALFORMED,
    OTHER_TRACK,
    SIMULATED_HOW,
    SPEED_M_S,
    STALE_US,
    TIME_US,
    UID_BEGIN,
    UID_END,
    XML_BEGIN,
    XML_END,
)
from .roster import NAMELESS, NO_TEXT, Roster
from .strict import StrictEvent, read_detail

UNKNOWN_FROM: Final = 999_999.0
"""From here on a height, an error, a speed or a course is not known (9999999, or 999999)."""
_HUMAN: Final = ord("h")
_NAMES: Final = np.array([UID_BEGIN, UID_END, CALLSIGN_BEGIN, CALLSIGN_END])

CONTROL_REASON: Final = "control"
_KIND_REASONS: Final = {OTHER_TRACK: "not-air", CONTROL: CONTROL_REASON, MALFORMED: "malformed"}


class Events:
    """Events as the kernels read them, and what the strict reader puts in their place.

    Attributes:
        places, numbers: see `_columns`.
    """

    def __init__(
        self, data: bytes, places: npt.NDArray[np.int64], numbers: npt.NDArray[np.float64]
    ) -> None:
        self._data = data
        self.places = places
        self.numbers = numbers
        self._names: dict[int, tuple[bytes, bytes]] = {}
        self._dropped: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.places)

    def frame(self, row: int) -> bytes:
        """The octets of an event."""
        return self._data[int(self.places[row, BEGIN]) : int(self.places[row, END])]

    def drop(self, row: int, reason: str) -> None:
        """This event gives no report."""
        self.places[row, KIND] = MALFORMED
        self._dropped[row] = reason

    def reason(self, row: int) -> str:
        """Why an event of another kind than an air track gives no report."""
        if row in self._dropped:
            return self._dropped[row]
        return _KIND_REASONS.get(int(self.places[row, KIND]), "not-a-track")

    def put(self, row: int, event: StrictEvent) -> None:
        """What the strict reader made of an event."""
        places, numbers = self.places[row], self.numbers[row]
        places[KIND] = event.kind
        places[TIME_US] = event.time_us
        places[STALE_US] = event.stale_us
        places[HOW] = ord(event.how[0]) if event.how else 0
        if event.how.startswith("m-s"):
            places[HOW] += SIMULATED_HOW
        numbers[LAT_DEG], numbers[LNG_DEG], numbers[HAE_M] = event.point[:3]
        numbers[CE_M], numbers[LE_M] = event.point[3:]
        numbers[COURSE_DEG] = event.course_deg
        numbers[SPEED_M_S] = event.speed_m_s
        self._names[row] = event.uid.encode(), event.callsign.encode()

    def amend(self, row: int) -> None:
        """Read the rest in XML of a detail of protobuf: its track and contact are those that count.

        Raises:
            Refused: it is not well formed, or ambiguous.
        """
        places, numbers = self.places[row], self.numbers[row]
        rest = self._data[int(places[XML_BEGIN]) : int(places[XML_END])]
        found = read_detail(rest)
        if not (math.isnan(found.course_deg) and math.isnan(found.speed_m_s)):
            numbers[COURSE_DEG], numbers[SPEED_M_S] = found.course_deg, found.speed_m_s
        if found.callsign:
            uid = self._data[int(places[UID_BEGIN]) : int(places[UID_END])]
            self._names[row] = uid, found.callsign.encode()

    def names(self, rows: npt.NDArray[np.intp]) -> Iterator[tuple[bytes, bytes]]:
        """Identifiers and callsigns of events, empty if not told."""
        data, read = self._data, self._names
        spans = self.places[np.ix_(rows, _NAMES)].tolist()
        if not read:
            for uid, uid_end, callsign, callsign_end in spans:
                yield data[uid:uid_end], data[callsign:callsign_end]
            return
        for row, (uid, uid_end, callsign, callsign_end) in zip(rows.tolist(), spans, strict=True):
            yield read.get(row) or (data[uid:uid_end], data[callsign:callsign_end])


def reports_of(
    events: Events, source: Source, received_us: npt.NDArray[np.int64], counts: Counts
) -> Reports:
    """The reports of air tracks; everything else is counted.

    `received_us` tells of each event when it came.

    `ce` and `le` are one sigma of Gaussian errors (the schema of MITRE's event 2.0), so 95 % lie
    within 2.45 times the one and 1.96 times the other. What a person entered (`how` begins with
    `h`) is no measurement: never better than the source's assumption, and marked as assumed.
    """
    places, numbers = events.places, events.numbers
    air = places[:, KIND] == AIR_TRACK
    malformed = 0
    for row in np.flatnonzero(~air).tolist():
        reason = events.reason(row)
        malformed += reason == "malformed"
        (counts.noted if reason == CONTROL_REASON else counts.dropped)[reason] += 1
    counts.messages += len(events) - malformed
    rows = np.flatnonzero(air)
    if not len(rows):
        return empty()
    lat, lng = numbers[rows, LAT_DEG], numbers[rows, LNG_DEG]
    stale = (received_us[rows] != NEVER) & (places[rows, STALE_US] != NEVER)
    stale &= places[rows, STALE_US] < received_us[rows]
    reasons = np.select(
        [
            places[rows, HOW] >= SIMULATED_HOW,
            places[rows, TIME_US] == NEVER,
            ~((np.abs(lat) <= 90) & (np.abs(lng) <= 180)) | ((lat == 0) & (lng == 0)),
            stale,
        ],
        [1, 2, 3, 4],
        0,
    )
    for code, reason in enumerate(("simulated", "no-time", "no-position", "stale"), start=1):
        count = int((reasons == code).sum())
        if count:
            counts.dropped[reason] += count
    rows = rows[reasons == 0]
    roster = Roster()
    rows, aircraft = _named(events, rows, roster, counts)
    if not len(rows):
        return empty()
    counts.reports += len(rows)
    numbers = numbers[rows]
    horizontal = _known(numbers[:, CE_M], above=0.0) * CIRCLE_95
    human = places[rows, HOW] % SIMULATED_HOW == _HUMAN
    horizontal[human] = np.fmax(horizontal[human], source.assumed_horizontal_m)
    course = _known(numbers[:, COURSE_DEG])
    course[course > 360.0] = np.nan
    course[course == 360.0] = 0.0
    return of_columns(
        len(rows),
        roster.identities,
        roster.callsigns,
        (source,),
        time_us=places[rows, TIME_US],
        received_us=received_us[rows],
        aircraft=aircraft,
        lat_deg=numbers[:, LAT_DEG],
        lng_deg=np.where(numbers[:, LNG_DEG] == 180.0, -180.0, numbers[:, LNG_DEG]),
        altitude_m=_known(numbers[:, HAE_M], signed=True),
        speed_m_s=_known(numbers[:, SPEED_M_S]),
        track_deg=course,
        horizontal_m=horizontal,
        vertical_m=_known(numbers[:, LE_M], above=0.0) * LINE_95,
        basis=np.where(human, Basis.ASSUMED, Basis.STATED),
    )


def _named(
    events: Events, rows: npt.NDArray[np.intp], roster: Roster, counts: Counts
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """The rows that tell whose they are, and the number of each one's aircraft."""
    aircraft = np.array([roster.number(*named) for named in events.names(rows)], dtype=np.int32)
    for number, reason in ((NAMELESS, "no-identity"), (NO_TEXT, "malformed")):
        count = int((aircraft == number).sum())
        if count:
            counts.dropped[reason] += count
    return rows[aircraft >= 0], aircraft[aircraft >= 0]


def _known(
    values: npt.NDArray[np.float64], *, above: float | None = None, signed: bool = False
) -> npt.NDArray[np.float64]:
    """Values that mean something; NaN for the others."""
    good = np.isfinite(values) & (values < UNKNOWN_FROM)
    if above is not None:
        good &= values > above
    elif signed:
        good &= values > -UNKNOWN_FROM
    else:
        good &= values >= 0.0
    return np.where(good, values, np.nan)
