"""What `detente node watch` tells people, in English and French."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from detente.cli.node_client import short_time
from detente.errors import one_line
from detente.words import Language, Words

ABOUT: Final = ("crossing", "outside-volumes", "approach", "stand-off")
ID_BEGIN: Final = 8
Found = Mapping[str, Any]

_ENDED: Final = Words("WATCHING HAS ENDED: {why}", "LA SURVEILLANCE A CESSÉ\u202f: {why}")
_RUNS: Final = Words(
    "watching {boundaries} areas, {alerts} alerts open, {taken} reports, {behind} ms behind",
    "surveille {boundaries} zones, {alerts} alertes ouvertes, {taken} positions, "
    "retard {behind} ms",
)
_OWN: Final = Words(
    "own flights held against their plans: {own}", "vols comparés à leurs plans\u202f: {own}"
)
_FEED: Final = Words(
    "feed {name}: {state}, {reports} reports, last {last}",
    "flux {name}\u202f: {state}, {reports} positions, dernière {last}",
)
_DROPPED: Final = Words("dropped: {what}", "écarté\u202f: {what}")
_SHED: Final = Words(
    "GIVEN UP, too many at once: {what}", "ABANDONNÉ, trop à la fois\u202f: {what}"
)
_TRACKS: Final = Words(
    "raw tracks: {segments} segments since the start, {waiting} reports waiting, {shed} given up",
    "pistes brutes\u202f: {segments} segments depuis le début, {waiting} positions en attente, "
    "{shed} abandonnées",
)
_UNKEPT: Final = Words("raw tracks are not kept", "les pistes brutes ne sont pas conservées")
_NONE: Final = Words("There is none.", "Il n’y en a pas.")
_TOLD: Final = Words("told {party} ({stage}): {what}", "avisé {party} ({stage})\u202f: {what}")
_SEEN: Final = Words("noted by {officer}, {at}", "noté par {officer}, {at}")
_SEGMENT: Final = Words(
    "{index}  {first} to {last}  {rows} reports of {aircraft} aircraft, {mb} MB",
    "{index}  {first} à {last}  {rows} positions de {aircraft} aéronefs, {mb} Mo",
)
_RECOVERED: Final = Words(
    "the node ended before it was sealed: its last seconds are missing",
    "le nœud s’est arrêté avant la clôture\u202f: les dernières secondes manquent",
)
_HELD: Final = Words("held by {holds}", "conservé par {holds}")
_HOLD: Final = Words(
    "hold {id}: {since} to {until}, {aircraft}; {ground} ({officer})",
    "conservation {id}\u202f: {since} à {until}, {aircraft}\u202f; {ground} ({officer})",
)
_ALL: Final = Words("all aircraft", "tous les aéronefs")
_STATED: Final = Words("stated in entry {index}: {id}", "déclaré dans l’entrée {index}\u202f: {id}")


def status_lines(found: Found, language: Language) -> Iterator[str]:
    """How watching is."""
    if found["failed"]:
        yield _ENDED.to(language).format(why=one_line(found["failed"]))
    yield _RUNS.to(language).format(
        boundaries=found["boundaries"],
        alerts=found["alerts"],
        taken=found["taken"],
        behind=round(found["behind_ms"]),
    )
    if found.get("own_flights"):
        yield _OWN.to(language).format(own=found["own_flights"])
    for feed in found["feeds"]:
        last = short_time(feed["last_report"]) if feed["last_report"] else "-"
        yield _FEED.to(language).format(
            name=feed["name"], state=feed["state"], reports=feed["reports"], last=last
        )
        if feed["dropped"]:
            yield "  " + _DROPPED.to(language).format(what=_counted(feed["dropped"]))
        if feed["last_failure"]:
            yield f"  {one_line(feed['last_failure'])}"
    if found["shed"]:
        yield _SHED.to(language).format(what=_counted(found["shed"]))
    tracks = found.get("tracks")
    yield _UNKEPT.to(language) if tracks is None else _TRACKS.to(language).format(**tracks)
    if tracks is not None and tracks["trouble"]:
        yield f"  {one_line(tracks['trouble'])}"


def alert_lines(found: Found, language: Language) -> Iterator[str]:
    """Alerts, one a line with its stage below."""
    if not found["alerts"]:
        yield _NONE.to(language)
    for each in found["alerts"]:
        yield f"{each['id'][:ID_BEGIN]}  {_said(each['headline'], language)}"
        yield f"    {_said(each['now']['words'], language)}"


def history_lines(found: Found, language: Language) -> Iterator[str]:
    """All of one alert."""
    yield f"{found['alert']['id']}  {_said(found['alert']['headline'], language)}"
    for stage in found["stages"]:
        yield f"  {_said(stage['words'], language)}"
        for name, figure in stage["figures"].items():
            low, high = (_bound(figure[each]) for each in ("low", "high"))
            yield f"    {name}: {figure['value']:.1f} [{low}, {high}] {figure['unit']}"
        for ground in stage["grounds"]:
            yield f"    {_said(ground, language)}"
    for each in found["announcements"]:
        what = each["message"] or one_line(each["why"])
        yield "  " + _TOLD.to(language).format(party=each["party"], stage=each["stage"], what=what)
    for each in found["seen"]:
        text = f": {one_line(each['note'])}" if each["note"] else ""
        seen = _SEEN.to(language).format(officer=each["officer"], at=short_time(each["at"]))
        yield f"  {seen}{text}"


def segment_lines(found: Found, language: Language) -> Iterator[str]:
    """Segments, and what holds them."""
    if not found["segments"]:
        yield _NONE.to(language)
    for each in found["segments"]:
        yield _SEGMENT.to(language).format(
            index=each["index"],
            first=short_time(each["first"]),
            last=short_time(each["last"]),
            rows=each["rows"],
            aircraft=each["aircraft"],
            mb=f"{each['bytes'] / 1e6:.1f}",
        )
        if each["shed"]:
            yield "    " + _SHED.to(language).format(what=each["shed"])
        if each["recovered"]:
            yield "    " + _RECOVERED.to(language)
        if each["held"]:
            yield "    " + _HELD.to(language).format(holds=", ".join(each["held"]))
    for each in found["holds"]:
        yield _HOLD.to(language).format(
            id=each["id"],
            since=short_time(each["since"]),
            until=short_time(each["until"]),
            aircraft=one_line(each["aircraft"]) or _ALL.to(language),
            ground=one_line(each["ground"]),
            officer=each["officer"],
        )


def hold_lines(found: Found, language: Language) -> Iterator[str]:
    """What was recorded."""
    yield _STATED.to(language).format(index=found["index"], id=found["id"])


def _said(text: Found, language: Language) -> str:
    return one_line(text["fr"] if language == "fr" else text["en"])


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{one_line(name)} {number}" for name, number in counts.items())


def _bound(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
