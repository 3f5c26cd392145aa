"""The page that verifies a bundle in a browser: same verdicts as the command line, no network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect
from tests.support.forge import A_NODE, B_OFFICER, NEUTRAL, Forge, Key, story
from tests.support.forge_events import EVENTS
from tests.support.forge_mutations import MUTATIONS, all_mutations
from tests.support.page_opened import OpenedPage, chromium

from detente.cli.root import root
from detente.formats import FINDING_CODES
from detente.verify import Options, Unusable, verify_bundle
from detente.verify.page import page as page_text

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("verify_page")]

NOW_S = 1_795_100_000
HOSTILE = '</script><img src=x onerror="document.title=1"><b>&amp;'
ALL_TEXTS = """() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!parent.closest("script, noscript, #languages")) texts.push(walker.currentNode.data);
  }
  for (const e of document.querySelectorAll("body [aria-label]:not(#languages *)")) {
    texts.push(e.getAttribute("aria-label"));
  }
  return [...new Set(texts.map((text) => text.trim()).filter(Boolean))];
}"""
# The luminance contrast of WCAG 2, of every text against the first background behind it.
LOW_CONTRAST = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].reduce((sum, c, i) => {
    c /= 255;
    const linear = c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return sum + [0.2126, 0.7152, 0.0722][i] * linear;
  }, 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const found = numbers(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || e.closest("script, noscript, :disabled, .skip, .unseen")) continue;
    if (!e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const ink = numbers(e.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(e.tagName + " " + e.textContent.slice(0, 40));
  }
  return low;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[OpenedPage]:
    page = OpenedPage(browser, tmp_path)
    yield page
    page.close()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.zip"
    path.write_bytes(story().build())
    return path


def verdict(page: Page) -> str:
    return str(page.locator("#verdict").text_content())


def told_by_command(path: Path, data: bytes) -> tuple[object, ...]:
    path.write_bytes(data)
    try:
        report = verify_bundle(path, Options(now_s=NOW_S))
    except Unusable:
        return ("unusable",)
    errors = {f.code for f in report.findings if f.severity == "error"}
    return report.proven, sorted(report.finding_counts), sorted(errors), report.grade


def told_by_page(report: dict[str, Any]) -> tuple[object, ...]:
    if "unusable" in report:
        return ("unusable",)
    errors = {f["code"] for f in report["findings"] if f["severity"] == "error"}
    return report["proven"], sorted(report["finding_counts"]), sorted(errors), report["grade"]


def test_the_page_is_the_same_each_time_and_allows_only_its_own_script() -> None:
    text = page_text()
    assert text == page_text()
    script = text[text.index("<script>") + 8 : text.rindex("</script>")]
    assert "</script" not in script
    assert "<!--" not in script
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy[0].startswith(f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'sha")
    assert "unsafe" not in policy[0]
    assert "http" not in re.sub(
        r"http://www\.w3\.org/2000/svg|`https://\$\{origin\}`", "", script
    ).replace("over HTTPS", "")


def test_the_command_line_writes_the_page(tmp_path: Path) -> None:
    path = tmp_path / "verify.html"
    done = CliRunner().invoke(root, ["verify", "--page", str(path)], standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0)
    assert path.read_text(encoding="utf-8") == page_text()
    assert [each.name for each in tmp_path.iterdir()] == ["verify.html"]


def test_a_good_bundle_is_proven_and_nothing_is_sent(opened: OpenedPage, good: Path) -> None:
    opened.choose(good)
    page = opened.page
    assert verdict(page) == "PROVEN"
    expect(page.locator("#result")).to_be_focused()
    expect(page.locator(".is li").first).to_contain_text("Party A, Party B have each signed")
    expect(page.locator(".isnot li").first).to_contain_text("That the keys belong to the parties")
    expect(page.locator("svg.timeline")).to_have_attribute(
        "aria-label", re.compile("2 messages, 2 receipts, 1 acknowledgements")
    )
    expect(page.locator("#items tbody tr")).to_have_count(9)
    page.get_by_label("Search").fill("officers")
    expect(page.locator("#items tbody tr")).to_have_count(1)


def test_every_mutation_is_judged_as_by_the_command_line(
    opened: OpenedPage, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    cases = [("good", "", story().build())]
    cases += [(name, code, build()) for name, code, build in all_mutations()]
    differ: list[tuple[object, ...]] = []
    for name, code, data in cases:
        report = opened.judge(data, now=NOW_S, accept="bilateral")
        page, command = told_by_page(report), told_by_command(path, data)
        if page != command or (code and code not in page[2]):  # type: ignore[operator]
            differ.append((name, page, command))
        assert (name == "good") == (page[0] is True), name
    assert differ == []


@pytest.mark.parametrize(("grade", "cosigners"), [("third-party", [NEUTRAL]), ("single", [])])
def test_a_lower_grade_counts_only_when_it_is_accepted(
    opened: OpenedPage, grade: str, cosigners: list[Key]
) -> None:
    data = story(neutral=[NEUTRAL], cosigners=cosigners, accept_grade=grade).build()
    refused = opened.judge(data, now=NOW_S, accept="bilateral")
    assert {"grade.lower", "policy.quorum"} == set(refused["finding_counts"])
    assert refused["statements"] == []
    accepted = opened.judge(data, now=NOW_S, accept=grade)
    assert accepted["proven"] is True
    assert accepted["grade"] == grade
    assert any("has not cosigned it" in limit["en"] for limit in accepted["limits"])


@pytest.mark.parametrize("name", EVENTS)
def test_the_page_says_what_the_command_line_says(
    opened: OpenedPage, tmp_path: Path, name: str
) -> None:
    data = EVENTS[name]().build()
    path = tmp_path / "bundle.zip"
    path.write_bytes(data)
    report = verify_bundle(path, Options(now_s=NOW_S, accept="single"))
    page = opened.judge(data, now=NOW_S, accept="single")
    assert page["findings"] == []
    assert page["statements"] == [{"en": each.en, "fr": each.fr} for each in report.statements]
    # How a hash is given from elsewhere is told otherwise on a page.
    assert page["limits"][1:] == [{"en": each.en, "fr": each.fr} for each in report.limits[1:]]


def test_hashes_of_all_lengths_and_signatures_at_the_edge(opened: OpenedPage) -> None:
    data = bytes(range(256)) * 2
    found = opened.page.evaluate(
        """(all) => [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 512].map((n) =>
             hex(sha256(Uint8Array.from(all.slice(0, n)))))""",
        list(data),
    )
    lengths = (0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 512)
    assert found == [hashlib.sha256(data[:n]).hexdigest() for n in lengths]
    order = 2**252 + 27742317777372353535851937790883648493
    malleable = opened.page.evaluate(
        """async (order) => {
          const signature = unhex(PROBE.signature);
          let s = littleEndian(signature.subarray(32)) + BigInt(order);
          for (let i = 32; i < 64; i++) { signature[i] = Number(s & 255n); s >>= 8n; }
          return isSignature(unhex(PROBE.key), signature, utf8("detente"));
        }""",
        str(order),
    )
    assert malleable is False


@pytest.mark.parametrize(
    "text",
    [
        *('{"a":1,"a":1}', '{"a":1,"\\u0061":1}', '["\\ud800"]', '["\x01"]', '{"a" 1}', '{"a":1}x'),
        *("[01]", "[1.]", "[.5]", "[+1]", "[NaN]", "[1e999]", "[9007199254740992]", "[-Infinity]"),
        *("[1,]", "[" * 65 + "]" * 65, "", '"', "\ufeff{}", "nul"),
    ],
)
def test_json_that_two_readers_read_differently_is_refused(opened: OpenedPage, text: str) -> None:
    refused = opened.page.evaluate(
        """(text) => {
          try { parseJson(utf8(text)); } catch (e) { return e instanceof JsonMalformed; }
          return false;
        }""",
        text,
    )
    assert refused is True


def test_a_pin_holds_the_bundle_to_it(opened: OpenedPage, good: Path) -> None:
    page = opened.page
    page.get_by_text("What I know from elsewhere").click()
    page.locator("#pin-hash").fill("abc")
    page.locator("#file").set_input_files(good)
    expect(page.get_by_role("alert")).to_contain_text("not a SHA-256")
    expect(page.locator("#verdict")).to_have_count(0)
    page.locator("#pin-hash").fill("0" * 64)
    opened.choose(good)
    assert verdict(page) == "REFUSED"
    expect(page.locator(".findings code")).to_have_text("agreement.pinned")
    page.locator("#pin-hash").fill(story().agreement_hash.upper())
    page.locator("#file").set_input_files(good)
    expect(page.locator("#verdict")).to_have_text("PROVEN")
    expect(page.locator(".isnot li").first).to_contain_text("That what the messages say is true")


def test_strangers_words_stay_text(opened: OpenedPage, tmp_path: Path) -> None:
    forge = Forge().begin()
    forge.add("message", {"text": HOSTILE}, channel=HOSTILE)
    forge.custody()
    path = tmp_path / "h.zip"
    path.write_bytes(forge.build())
    opened.choose(path)
    expect(opened.page.locator("#items")).to_contain_text("onerror")
    assert opened.page.locator("img").count() == 0
    assert opened.page.title() == "Verify an evidence bundle"


def test_directions_and_control_characters_are_seen(opened: OpenedPage, tmp_path: Path) -> None:
    forge = Forge().begin()
    forge.add("message", {}, channel="a\u202eb\x07")
    forge.custody()
    path = tmp_path / "h.zip"
    path.write_bytes(forge.build())
    opened.choose(path)
    expect(opened.page.locator("#items")).to_contain_text("a\\u{202e}b\\u{7}")


def test_a_true_key_beside_false_ones_pins_nothing(opened: OpenedPage) -> None:
    forge = Forge()
    false = Key("b.example/node", "of the forger")
    forge.b_keys = forge.b_keys | {"signing": false}
    forge.agreement_signers = [A_NODE, false]
    forge.begin().custody()
    pins = [A_NODE.vkey, B_OFFICER.vkey]
    report = opened.judge(forge.build(), now=NOW_S, keys=pins)
    assert report["proven"] is True
    assert [party["pinned"] for party in report["parties"]] == [True, False]
    assert report["pinned"] is False


def test_every_word_changes_with_the_language(
    opened: OpenedPage, good: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(MUTATIONS["cosignature: wrong"][1]())
    said: dict[str, set[str]] = {"en": set(), "fr": set()}
    for language, button in (("en", "English"), ("fr", "Français")):
        opened.page.get_by_role("button", name=button).click()
        expect(opened.page.locator("html")).to_have_attribute("lang", language)
        said[language] |= set(opened.page.evaluate(ALL_TEXTS))
        for bundle, title in ((good, "PROV|PROUV"), (bad, "REFUS")):
            opened.page.locator("#file").set_input_files(bundle)
            expect(opened.page.locator("#verdict")).to_have_text(re.compile(title))
            said[language] |= set(opened.page.evaluate(ALL_TEXTS))
    own = {*FINDING_CODES, "good.zip", "bad.zip", "Messages", "Grade", "Parties", "or"}
    kinds = "agreement receipt acknowledgement message anchor clock custody main officers"
    own |= {*kinds.split(), "receipts", "anchors"}
    shared = {t for t in said["en"] & said["fr"] if re.search("[A-Za-z]{2}", t) and t not in own}
    # Names of keys and holders, hashes, times, and the technical details.
    rest = {
        text
        for text in shared
        if not re.search(r"[a-z]\.example|^[0-9a-f]{64}$|Officer [AB]1|\d{4}-\d\d-|SHA-256|—", text)
    }
    assert rest == set()
    for text in said["fr"]:
        if "—" not in text:
            assert not re.search(r" [:;!?»]|« ", text), text


def test_each_phrase_is_there_in_both_languages(opened: OpenedPage) -> None:
    missing = opened.page.evaluate(
        """() => {
          const names = (text) =>
            [...text.matchAll(/\\{(\\w+)\\}/g)].map((m) => m[1]).sort().join();
          const [en, fr] = [PHRASES.en, PHRASES.fr];
          return [...new Set([...Object.keys(en), ...Object.keys(fr)])].filter(
            (key) => !en[key] || !fr[key] || names(en[key]) !== names(fr[key]));
        }"""
    )
    assert missing == []
    assert set(FINDING_CODES) <= set(opened.page.evaluate("Object.keys(PHRASES.fr)"))


def test_the_language_is_the_readers(browser: Browser, tmp_path: Path, good: Path) -> None:
    opened = OpenedPage(browser, tmp_path, locale="fr-CH")
    opened.choose(good)
    assert verdict(opened.page) == "PROUVÉ"
    opened.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_is_enough_in_both_themes(opened: OpenedPage, good: Path, theme: str) -> None:
    if theme == "dark":
        opened.page.locator("#theme").press("Enter")
    expect(opened.page.locator("html")).to_have_attribute("data-theme", theme)
    opened.choose(good)
    opened.page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    assert opened.page.evaluate(LOW_CONTRAST) == []


def test_it_can_be_used_without_a_mouse_on_a_narrow_screen(
    browser: Browser, tmp_path: Path, good: Path
) -> None:
    opened = OpenedPage(browser, tmp_path, width=360)
    page = opened.page
    # Choosers are caught only a while after the first listener came: long before the key then.
    page.on("filechooser", lambda _: None)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the result")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(good)
    expect(page.locator("#verdict")).to_be_visible()
    expect(page.locator("#result")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save report (JSON)")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.close()


def test_the_report_can_be_kept(opened: OpenedPage, good: Path) -> None:
    opened.choose(good)
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save report (JSON)").click()
    kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert download.value.suggested_filename == "good.report.json"
    assert kept["proven"] is True
    assert kept["exit_code"] == 0
    assert kept["bundle"] == "good.zip"


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("SubtleCrypto.prototype.verify = () => Promise.reject(new Error('no'));", "Ed25519"),
        ("SubtleCrypto.prototype.verify = () => Promise.resolve(true);", "Ed25519"),
        ("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });", "no crypto"),
    ],
)
def test_a_browser_that_cannot_check_refuses_to_judge(
    opened: OpenedPage, missing: str, told: str
) -> None:
    opened.page.evaluate(f"() => {{ {missing} }}")
    report = opened.judge(story().build(), now=NOW_S)
    assert set(report) == {"unusable"}
    words = opened.page.evaluate("(key) => PHRASES.en[`unusable.${key}`]", report["unusable"])
    assert told in words
    assert "refuses to judge" in words


def test_what_is_no_archive_is_called_not_usable(opened: OpenedPage, tmp_path: Path) -> None:
    path = tmp_path / "letter.zip"
    path.write_bytes(b"Dear Sir or Madam, this is not an archive at all.")
    opened.choose(path)
    assert verdict(opened.page) == "NOT USABLE"
    expect(opened.page.locator(".verdict")).to_contain_text("not a zip archive")
