"""Bodies of the alerts' interface."""

from __future__ import annotations

from math import isinf
from typing import Annotated

from msgspec import Meta, Struct

from detente.watch import Alert, Event, Interval, Place, sentence
from detente.words import Words

from .alert_entries import NOTE_MAX
from .alert_words import headline, stage_words


class Said(Struct, frozen=True):
    """A sentence in both languages."""

    en: str
    fr: str


class FigureView(Struct, frozen=True, kw_only=True):
    """A figure, and where it lies with 95 %; a bound that is not known is null."""

    value: float
    low: float | None
    high: float | None
    unit: str


class PlaceView(Struct, frozen=True, kw_only=True):
    """A place at a time; `radius_m` and `spread_s` hold 95 %."""

    lat: float
    lng: float
    altitude_m_w84: float | None
    time_us: int
    radius_m: float
    spread_s: float


class StageView(Struct, frozen=True, kw_only=True):
    """An alert in one stage.

    Attributes:
        entry: id of the entry of the record.
        stage, closing, grade: `ahead`, `now`, `over`; why it is over; how sure it is.
        words: the stage in a sentence.
        changed_us: when: µs since 1970 UTC.
        figures: by name.
        entry_place, exit_place: where it begins and ends.
        grounds: what decided the grade.
        reports: positions that it rests on.
        sources: of the positions.
        boundary_source: of the boundary.
        proposed: state that F3548-21 asks the flight to be declared, of one outside its volumes.
    """

    entry: str
    stage: str
    closing: str
    grade: str
    words: Said
    changed_us: int
    figures: dict[str, FigureView]
    entry_place: PlaceView | None
    exit_place: PlaceView | None
    grounds: list[Said]
    reports: int
    sources: list[str]
    boundary_source: str
    proposed: str | None = None


class AnnouncementView(Struct, frozen=True, kw_only=True):
    """What another party was told; `why` if it was not.

    Attributes:
        party, stage: who, and of which stage.
        message: id of the message on the line.
        why: why nothing was said.
    """

    party: str
    stage: str
    message: str | None
    why: str


class SeenView(Struct, frozen=True, kw_only=True):
    """An officer has taken note."""

    officer: str
    note: str
    at: str


class AlertView(Struct, frozen=True, kw_only=True):
    """An alert as it stands.

    Attributes:
        id: of the event by which it began.
        about: what it is about.
        open: whether it lasts.
        headline: in a sentence.
        aircraft, callsign, party, other: whose; the other aircraft.
        boundary, claimant, rule: what was crossed or not kept.
        flight: what its operator calls our flight that left its volumes.
        raised_us: when it was told first.
        now: the newest stage.
    """

    id: str
    about: str
    open: bool
    headline: Said
    aircraft: str
    callsign: str
    party: str
    other: str
    boundary: str
    claimant: str
    rule: str
    flight: str
    raised_us: int
    now: StageView


class AlertViews(Struct, frozen=True, kw_only=True):
    """Alerts, newest first; `before` asks for the next ones."""

    alerts: list[AlertView]
    before: int | None


class AlertHistory(Struct, frozen=True, kw_only=True):
    """An alert with all its stages, oldest first, what was said of it, and who took note."""

    alert: AlertView
    stages: list[StageView]
    announcements: list[AnnouncementView]
    seen: list[SeenView]


class SeenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer writes who takes note of an alert."""

    note: Annotated[str, Meta(max_length=NOTE_MAX)] = ""


def view_of_alert(alert: Alert, entry: str) -> AlertView:
    """An alert as its newest entry tells it."""
    event = alert.event
    return AlertView(
        id=alert.id,
        about=str(alert.about),
        open=not alert.closing,
        headline=_said(headline(alert)),
        aircraft=event.aircraft,
        callsign=event.callsign,
        party=event.party,
        other=event.other,
        boundary=event.boundary,
        claimant=event.claimant,
        rule=event.rule,
        flight=event.flight,
        raised_us=alert.raised_us,
        now=view_of_stage(alert, entry),
    )


def view_of_stage(alert: Alert, entry: str) -> StageView:
    """One stage, with what decided it."""
    event = alert.event
    return StageView(
        entry=entry,
        stage=str(alert.stage),
        closing=str(alert.closing),
        grade=str(event.grade),
        words=_said(stage_words(alert)),
        changed_us=alert.changed_us,
        figures=_figures(event),
        entry_place=_place(event.entry),
        exit_place=_place(event.exit),
        grounds=[_said(sentence(each)) for each in event.grounds],
        reports=event.reports,
        sources=list(event.sources),
        boundary_source=event.boundary_source,
        proposed=None if alert.proposed is None else str(alert.proposed),
    )


_FIGURES = (
    "duration_s",
    "length_m",
    "depth_nearest_m",
    "depth_along_m",
    "depth_chord_m",
    "distance_m",
    "vertical_m",
    "time_to_s",
)


def _figures(event: Event) -> dict[str, FigureView]:
    found: dict[str, FigureView] = {}
    for name in _FIGURES:
        figure: Interval | None = getattr(event, name)
        if figure is not None:
            found[name] = FigureView(
                value=figure.value,
                low=None if isinf(figure.low) else figure.low,
                high=None if isinf(figure.high) else figure.high,
                unit=figure.unit,
            )
    return found


def _place(place: Place | None) -> PlaceView | None:
    if place is None:
        return None
    return PlaceView(
        lat=place.lat_deg,
        lng=place.lng_deg,
        altitude_m_w84=place.altitude_m,
        time_us=place.time_us,
        radius_m=place.radius_m,
        spread_s=place.spread_s,
    )


def _said(words: Words) -> Said:
    return Said(words.en, words.fr)
