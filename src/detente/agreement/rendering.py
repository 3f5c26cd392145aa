"""An agreement in words, section by section: what officers and lawyers read, and what is compared.

Everything that is signed has a row. The differences between two versions are the differences
between their rows, so what is shown and what is compared cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256 as _hash

from detente.agreement.agreement import Agreement
from detente.agreement.document import Altitude, Contact, Officer, Party
from detente.agreement.rules import Row
from detente.words import NARROW, Words, choose, listed, moment, number, quantity, same

_DAYS = (Words("day", "jour"), Words("days", "jours"))
_HOURS = (Words("hour", "heure"), Words("hours", "heures"))
_SECONDS = (Words("second", "seconde"), Words("seconds", "secondes"))

_PURPOSES = {
    "log": Words("key of the log", "clé du registre"),
    "witness": Words("witness key", "clé de témoin"),
    "signing": Words("key of the node", "clé du nœud"),
    "officer": Words("officer’s key", "clé de l’officier"),
}
_REFERENCES = {
    "W84": Words("above the WGS-84 ellipsoid", "au-dessus de l’ellipsoïde WGS-84"),
    "MSL": Words("above mean sea level", "au-dessus du niveau moyen de la mer"),
    "AGL": Words("above the ground", "au-dessus du sol"),
    "STD": Words("by standard pressure (1013.25 hPa)", "en pression standard (1013,25 hPa)"),
}
_CHANNELS = {
    "data": Words("data", "données"),
    "telephone": Words("telephone", "téléphone"),
    "satellite": Words("satellite telephone", "téléphone par satellite"),
    "radio": Words("radio", "radio"),
    "courier": Words("courier", "courrier"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the rendering. `key` is the same in every version."""

    key: str
    title: Words
    rows: tuple[Row, ...]


def sections(agreement: Agreement) -> list[Section]:
    """Everything that is signed, in the order of the document."""
    return [
        Section("agreement", Words("Agreement", "Accord"), tuple(_identity(agreement))),
        *(_party_section(agreement, party) for party in agreement.document.parties),
        Section("area", Words("Area", "Zone"), tuple(_area(agreement))),
        Section("witnessing", Words("Witnesses", "Témoins"), tuple(_witnessing(agreement))),
        Section("line", Words("Line", "Ligne"), tuple(_line(agreement))),
        *_escalations(agreement),
        Section("incidents", Words("Incidents", "Incidents"), tuple(_incidents(agreement))),
        Section("retention", Words("Retention", "Conservation"), tuple(_retention(agreement))),
        *_rules(agreement),
        Section("files", Words("Files", "Fichiers"), tuple(_files(agreement))),
    ]


def _identity(agreement: Agreement) -> Iterator[Row]:
    document = agreement.document
    yield Row(Words("Title", "Titre"), choose(document.title))
    yield Row(Words("Id", "Identifiant"), same(document.id))
    yield Row(Words("Version", "Version"), same(str(document.version)))
    if document.previous:
        yield Row(Words("Replaces", "Remplace"), same(document.previous))
    yield Row(Words("From", "À partir du"), moment(document.period.from_))
    yield Row(Words("Until", "Jusqu’au"), moment(document.period.until))
    yield Row(Words("Languages", "Langues"), same(", ".join(document.languages)))


def _party_section(agreement: Agreement, party: Party) -> Section:
    name = choose(party.name)
    title = Words(f"{name.en} ({party.id})", f"{name.fr} ({party.id})")
    return Section(f"party {party.id}", title, tuple(_party(agreement, party)))


def _party(agreement: Agreement, party: Party) -> Iterator[Row]:
    for language, text in party.name.items():
        yield Row(Words(f"Name ({language})", f"Nom ({language})"), same(text))
    yield Row(
        Words("Legal ground, in its own words", "Fondement juridique, selon ses propres termes"),
        choose(party.legal_ground),
    )
    for language, text in party.legal_ground.items():
        if language not in ("en", "fr"):
            yield Row(
                Words(f"Legal ground ({language})", f"Fondement juridique ({language})"), same(text)
            )
    yield Row(Words("Nodes", "Nœuds"), same(", ".join(address.url for address in party.addresses)))
    for officer in party.officers:
        yield _officer(officer)
    for key in agreement.keys[party.id]:
        purpose = _PURPOSES[key.purpose]
        holder = f" ({key.holder})" if key.holder else ""
        yield Row(
            Words(f"{_capital(purpose.en)}{holder}", f"{_capital(purpose.fr)}{holder}"),
            same(f"{key.fingerprint} — {key.name}"),
        )


def _officer(officer: Officer) -> Row:
    duty = choose(officer.duty)
    return Row(
        Words(f"Officer {officer.id}", f"Officier {officer.id}"),
        Words(f"{officer.name}: {duty.en}", f"{officer.name}{NARROW}: {duty.fr}"),
    )


def _area(agreement: Agreement) -> Iterator[Row]:
    area = agreement.document.area
    yield Row(Words("From", "De"), altitude_words(area.lower))
    yield Row(Words("To", "À"), altitude_words(area.upper))
    total = sum(outline.area_m2 for outline in agreement.area) / 1e6
    yield Row(
        Words("Size", "Superficie"),
        Words(f"{number(total).en} km²", f"{number(total).fr}\u00a0km²"),
    )
    count = len(agreement.area)
    vertices = sum(
        len(ring.vertices) for each in agreement.area for ring in (each.outer, *each.holes)
    )
    yield Row(
        Words("Outlines", "Contours"),
        listed(
            [
                quantity(count, Words("polygon", "polygone"), Words("polygons", "polygones")),
                quantity(vertices, Words("vertex", "sommet"), Words("vertices", "sommets")),
            ]
        ),
    )


def altitude_words(altitude: Altitude) -> Words:
    """A level as the parties wrote it, with what it is measured from."""
    reference = _REFERENCES[altitude.reference]
    if altitude.unit == "FL":
        return Words(
            f"FL {altitude.value:g}, {reference.en}", f"FL {altitude.value:g}, {reference.fr}"
        )
    decimals = 0 if altitude.value == int(altitude.value) else 3
    unit = Words("m", "m") if altitude.unit == "m" else Words("ft", "ft")
    shown = number(altitude.value, decimals)
    return Words(
        f"{shown.en} {unit.en} {reference.en}", f"{shown.fr}\u00a0{unit.fr} {reference.fr}"
    )


def _witnessing(agreement: Agreement) -> Iterator[Row]:
    witnessing = agreement.document.witnessing
    needed = witnessing.neutral_quorum
    yield Row(
        Words("Needed", "Nécessaires"),
        Words(
            f"all other parties, and {needed} neutral",
            f"toutes les autres parties, et {needed}\u00a0neutre" + ("s" if needed > 1 else ""),
        )
        if needed
        else Words("all other parties", "toutes les autres parties"),
    )
    for witness in witnessing.neutral:
        address = f" — {witness.address.url}" if witness.address else ""
        yield Row(
            Words(f"Neutral witness {witness.id}", f"Témoin neutre {witness.id}"),
            same(f"{witness.name} — {witness.vkey}{address}"),
        )


def _line(agreement: Agreement) -> Iterator[Row]:
    line = agreement.document.line
    yield Row(Words("Languages spoken", "Langues parlées"), same(", ".join(line.languages)))
    yield Row(
        Words("Test calls per day", "Appels d’essai par jour"), same(str(line.test_calls_per_day))
    )
    within = line.acknowledge_within
    for label, seconds in (
        (
            Words("Distress is acknowledged within", "Détresse, accusé de réception sous"),
            within.distress_s,
        ),
        (
            Words("Urgent is acknowledged within", "Urgence, accusé de réception sous"),
            within.urgent_s,
        ),
        (
            Words("Routine is acknowledged within", "Routine, accusé de réception sous"),
            within.routine_s,
        ),
    ):
        yield Row(label, quantity(seconds, *_SECONDS))
    for position, channel in enumerate(line.channels, 1):
        kind, name = _CHANNELS[channel.kind], choose(channel.name)
        radio = Words("", "")
        if channel.frequency_khz is not None:
            khz = number(channel.frequency_khz, 0 if channel.frequency_khz.is_integer() else 3)
            radio = Words(f", {khz.en} kHz", f", {khz.fr}\u00a0kHz")
        yield Row(
            Words(f"Fall-back channel {position}", f"Canal de secours {position}"),
            Words(
                f"{name.en} ({kind.en}, {channel.id}): {channel.at}{radio.en}",
                f"{name.fr} ({kind.fr}, {channel.id}){NARROW}: {channel.at}{radio.fr}",
            ),
        )


def _escalations(agreement: Agreement) -> Iterator[Section]:
    for party in agreement.document.parties:
        steps = [each for each in agreement.document.line.contacts if each.party == party.id]
        name = choose(party.name)
        yield Section(
            f"contacts {party.id}",
            Words(f"Whom to call: {name.en}", f"Qui appeler{NARROW}: {name.fr}"),
            tuple(_contact(step, each, party) for step, each in enumerate(steps, 1)),
        )


def _contact(step: int, contact: Contact, party: Party) -> Row:
    names = {officer.id: officer.name for officer in party.officers}
    reach = " / ".join(contact.reach)
    wait = quantity(contact.after_s, *_SECONDS)
    called, deputy = names[contact.officer], names[contact.deputy]
    after = Words(f"after {wait.en}: ", f"après {wait.fr}{NARROW}: ")
    if not contact.after_s:
        after = Words("at once: ", f"aussitôt{NARROW}: ")
    return Row(
        Words(f"Step {step}", f"Étape {step}"),
        Words(
            f"{after.en}{called} ({contact.officer}); deputy {deputy} ({contact.deputy}) — {reach}",
            f"{after.fr}{called} ({contact.officer}){NARROW}; suppléance {deputy} "
            f"({contact.deputy}) — {reach}",
        ),
    )


def _incidents(agreement: Agreement) -> Iterator[Row]:
    clocks = agreement.document.incidents
    yield Row(
        Words("First report within", "Premier rapport sous"),
        quantity(clocks.first_report_within_h, *_HOURS),
    )
    for label, days in (
        (Words("Answer within", "Réponse sous"), clocks.answer_within_days),
        (Words("Urgent answer within", "Réponse urgente sous"), clocks.urgent_answer_within_days),
        (
            Words("Meeting, if asked for, within", "Réunion, si demandée, sous"),
            clocks.meeting_within_days,
        ),
        (
            Words("Evidence handed over within", "Remise des preuves sous"),
            clocks.evidence_within_days,
        ),
    ):
        yield Row(label, quantity(days, *_DAYS))


def _retention(agreement: Agreement) -> Iterator[Row]:
    kept = agreement.document.retention
    for label, days in (
        (Words("Record, at least", "Registre, au moins"), kept.record_days),
        (Words("Tracks, at least", "Trajectoires, au moins"), kept.tracks_days),
        (Words("Recordings, at least", "Enregistrements, au moins"), kept.recordings_days),
        (Words("Personal data, at most", "Données personnelles, au plus"), kept.personal_data_days),
    ):
        yield Row(label, quantity(days, *_DAYS))


def _rules(agreement: Agreement) -> Iterator[Section]:
    for name, value in agreement.rules.items():
        section = agreement.registry.get(name)
        if section is not None:
            title = Words(f"Rules: {section.title.en}", f"Règles{NARROW}: {section.title.fr}")
            yield Section(f"rules {name}", title, tuple(section.render(value)))


def _files(agreement: Agreement) -> Iterator[Row]:
    titles = {annex.file: choose(annex.title) for annex in agreement.document.annexes}
    for name, data in agreement.files.items():
        title = titles.get(name)
        size = quantity(len(data), Words("byte", "octet"), Words("bytes", "octets"))
        digest = _hash(data).hexdigest()
        yield Row(
            Words(f"{title.en} ({name})", f"{title.fr} ({name})") if title else same(name),
            Words(f"{size.en}, SHA-256 {digest}", f"{size.fr}, SHA-256 {digest}"),
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
