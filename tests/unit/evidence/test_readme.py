"""The page for a judge, and the guide for an examiner."""

from __future__ import annotations

import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.support.evidence import A, B, ListRecord, conversation

from detente.evidence import words
from detente.evidence.summary import Row, Summary
from detente.evidence.timeline import timeline
from detente.record import Draft
from detente.record.ijson import JsonValue
from detente.words import Words

pytestmark = pytest.mark.anyio

VOID = {"meta", "br", "!doctype", "path", "circle", "line"}
NARROW = "\u202f"


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects them and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


async def page_of(record: ListRecord, path: Path, **request: object) -> str:
    await record.export(path, **request)  # type: ignore[arg-type]
    with zipfile.ZipFile(path) as file:
        return file.read("README.html").decode()


async def test_it_says_who_said_what_to_whom_and_who_confirmed_it(tmp_path: Path) -> None:
    record = ListRecord()
    conversation(record)
    text = "".join(Page(await page_of(record, tmp_path / "x.zip")).text)
    for expected in (
        "Agreement AB",
        "Accord AB",
        "Party A / Partie A",
        "Message 3 of B",
        "Officer One",
        record.terms.sha256,
        "received by the node of",
        "acknowledged by an officer of",
        "Read and understood.",
        "What it does not prove",
        "Ce que cela ne prouve pas",
        "b.example/witness",
        "bilateral",
        "2026-03-01 08:00:",
    ):
        assert expected in text


async def test_it_needs_nothing_from_elsewhere_and_runs_nothing(tmp_path: Path) -> None:
    record = ListRecord()
    conversation(record)
    page = Page(await page_of(record, tmp_path / "x.zip"))
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & set(page.tags)
    assert not {"src", "href", "onload", "action"} & {name for name, _ in page.attributes}
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert ("content", policy) in page.attributes


HOSTILE = [
    "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    '" onmouseover="x',
    "&lt;b&gt; &#0; ]]> <!-- -->",
    "right \u202e left \u2066 isolate",
    "bell \x07 null \x00 delete \x7f",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_foreign_text_stays_text(text: str, tmp_path: Path) -> None:
    record = ListRecord()
    entry = record.message(text)
    record.receipt(entry)
    record.acknowledgement(entry, text)
    record.message("plain", channel="<b>channel</b>")
    raw = await page_of(record, tmp_path / "x.zip", purpose=text, by=(text,))
    page = Page(raw)
    assert not {"script", "img", "b"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    shown = "".join(page.text)
    visible = text.split()[0][:5]
    assert shown.count(visible) >= 3
    # What a reader could not see, or that would turn the text around, is spelled out.
    assert not [c for c in shown if not c.isprintable() and c not in "\n\u202f\u00a0"]


def test_both_languages_are_whole_and_french_is_set_as_french() -> None:
    texts: list[Words] = []
    for name, value in vars(words).items():
        if name.startswith("_"):
            continue
        if isinstance(value, Words):
            texts.append(value)
        elif isinstance(value, dict):
            texts += value.values()
        elif isinstance(value, tuple):
            texts += [each for each in value if isinstance(each, Words)]
    assert len(texts) > 50
    for text in texts:
        assert text.en
        assert text.fr
        for at, character in enumerate(text.fr):
            if character in ":;!?":
                assert text.fr[at - 1] == NARROW, text.fr
        assert "'" not in text.fr, text.fr


async def test_exercises_and_tests_are_marked(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("not for real", status="exercise")
    text = await page_of(record, tmp_path / "x.zip")
    assert "EXERCISE / EXERCICE" in text


def test_of_a_long_record_the_first_and_the_last_rows_are_kept() -> None:
    record = ListRecord()
    summary = Summary(first_rows=2, last_rows=3)
    for number in range(8):
        entry = record.message(str(number))
        summary.add(entry)
        summary.add(record.receipt(entry))
    rows = list(summary.rows())
    assert [row.words for row in rows] == ["0", "1", "5", "6", "7"]
    assert all(len(row.answers) == 1 for row in rows)
    assert (summary.left_out, summary.kinds["message"], summary.kinds["receipt"]) == (3, 8, 8)
    assert summary.first < summary.last


def test_a_body_without_text_is_shown_as_it_is() -> None:
    record = ListRecord()
    summary = Summary()
    summary.add(record.message("", body={"height_m": 1200}))
    summary.add(record.message("", body={"text": "x" * 1000}))
    assert [len(str(row.words)) for row in summary.rows()] == [len('{"height_m":1200}'), 400]


def test_the_picture_has_a_row_for_every_message_and_answer() -> None:
    record = ListRecord()
    summary = Summary()
    entry = record.message("one")
    for each in (entry, record.receipt(entry), record.acknowledgement(entry)):
        summary.add(each)
    picture = timeline(summary.rows(), ["a", "b"], {"a": "Party <A>", "b": "Party B"})
    page = Page(picture)
    assert page.tags.count("circle") == 3
    assert "Party &lt;A&gt;" in picture
    assert [text for text in page.text if "✓" in text] == ["1 message ✓"] * 2


def test_nothing_to_picture_gives_no_picture() -> None:
    assert timeline([Row(0, erased_by=1)], ["a", "b"], {}) == ""


async def test_older_cosignatures_and_what_was_stated_of_keys_are_told(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("one")
    record.message("two")
    record.sign(B.witness)
    record.erase(1)
    statements: list[tuple[str, dict[str, JsonValue]]] = [
        ("key-rotation", {"purpose": "officer", "new": "new+<b>"}),
        ("key-revocation", {"key": "k", "good_until_index": 3, "origin": "o", "reason": "stolen"}),
        ("witness-refusal", {"size": 9, "origin": "o", "status": 422, "reason": "it shrank"}),
        ("clock", {"offset_ms": 0.5, "uncertainty_ms": 1, "source": "GPS"}),
        ("clock", {"offset_ms": -7.5, "uncertainty_ms": 1, "source": "radio"}),
    ]
    for kind, body in statements:
        record.write(A.node, "a", Draft(kind, "x", (), body))
    text = "".join(Page(await page_of(record, tmp_path / "x.zip", cosigned=False)).text)
    for expected in (
        "b.example/witness\u2069 (up to entry 2 jusqu’à l’écriture 2)",
        "Party A replaced an officer’s key. From the next entry on, it is new+<b>.",
        f"Partie A a déclaré la clé k invalide après l’écriture 3 du registre o. Motif "
        f"indiqué{NARROW}: stolen",
        "was refused. The reason it gives: it shrank",
        f"a été effacé. Fondement indiqué{NARROW}: test",
        "Statements of Party A on its clock: 2. The largest error among them: -7.5 ms",
        f"Le plus grand écart{NARROW}: -7,5 ms, à 1 ms près, selon radio (écriture 8)",
    ):
        assert expected.replace("\u2069", "") in text, (expected, text)


async def test_who_cosigned_the_newest_checkpoint_is_named_as_such(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("one")
    text = "".join(Page(await page_of(record, tmp_path / "x.zip")).text)
    assert B.witness.name in text
    assert "up to entry" not in text
