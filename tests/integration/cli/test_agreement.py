"""An agreement from the first draft to the last statement, by the commands of the manual."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.agreements import EXAMPLE
from tests.support.called import Ran, Run, called

ARGUMENTS = ("--id", "ab-2026", "--party", "a=node.a.example", "--party", "b=node.b.example:8443")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return called(capsys, tmp_path, monkeypatch)


def good(ran: Ran) -> str:
    assert ran.code == 0, ran.err + ran.out
    return ran.out


@pytest.fixture
def signed(run: Run, tmp_path: Path) -> Path:
    """`ab`, in force, with keys in keys-a and keys-b."""
    shutil.copytree(EXAMPLE, tmp_path / "ab")
    for party, officer in (("a", "durand"), ("b", "nowak")):
        keys = f"keys-{party}"
        host = f"node.{party}.example"
        good(
            run(
                "keys",
                "party",
                keys,
                "--host",
                host,
                "--agreement",
                "ab-2026",
                "--officer",
                officer,
            )
        )
        good(run("agreement", "enrol", "request", "ab", "--party", party, "--keys", keys))
    for party, officer in (("a", "durand"), ("b", "nowak")):
        key = f"keys-{party}/officers/{officer}.key"
        good(run("agreement", "sign", "ab", "--party", party, "--key", key))
    return tmp_path / "ab"


def test_from_draft_to_force(run: Run, tmp_path: Path) -> None:
    good(run("agreement", "draft", "ab", *ARGUMENTS, "--area", "6.1,45.6,7.9,46.8"))
    told = run("agreement", "check", "ab")
    assert told.code == 1
    assert re.search(r"agreement\.toml:\d+: parties\[0\]\.legal_ground\.en", told.out)
    assert "[text.placeholder]" in told.out
    document = tmp_path / "ab" / "agreement.toml"
    document.write_text(re.sub("[‹›]", "", document.read_text()))
    for party in "ab":
        host = f"node.{party}.example"
        good(
            run(
                "keys",
                "party",
                f"k{party}",
                "--host",
                host,
                "--agreement",
                "ab-2026",
                "--officer",
                "chief",
            )
        )
    good(run("agreement", "enrol", "request", "ab", "--party", "a", "--keys", "ka"))
    offered = good(
        run(
            "agreement", "enrol", "request", "ab", "--party", "b", "--keys", "kb", "--out", "b.json"
        )
    )
    accepted = good(run("agreement", "enrol", "accept", "ab", "b.json", "--party", "b"))
    fingerprints = re.compile(r"(?:[0-9a-f]{4} ){3}[0-9a-f]{4}")
    assert fingerprints.findall(offered) == fingerprints.findall(accepted)
    assert len(fingerprints.findall(good(run("agreement", "enrol", "check", "ab")))) == 8
    assert "no fault" in good(run("agreement", "check", "ab"))
    first = good(run("agreement", "sign", "ab", "--party", "a", "--key", "ka/officers/chief.key"))
    assert "not signed yet: b" in first
    second = good(run("agreement", "sign", "ab", "--party", "b", "--key", "kb/node.key"))
    assert "signed by every party" in second
    assert first.splitlines()[0] == second.splitlines()[0]


def test_check_tells_machines(run: Run, signed: Path) -> None:
    told = json.loads(good(run("agreement", "check", "ab", "--json")))
    assert told["faults"] == []
    assert re.fullmatch("[0-9a-f]{64}", told["sha256"])
    document = signed / "agreement.toml"
    document.write_text(document.read_text().replace("distress_s = 60", "distres_s = 60"))
    ran = run("agreement", "check", "ab", "--json")
    assert ran.code == 1
    faults = {fault["code"]: fault for fault in json.loads(ran.out)["faults"]}
    assert set(faults) == {"field.unknown", "field.missing"}
    assert "distress_s" in faults["field.unknown"]["remedy"]
    line = document.read_text().splitlines()[faults["field.unknown"]["line"] - 1]
    assert line.startswith("distres_s")


def test_nothing_to_check_is_another_exit_code(run: Run) -> None:
    assert run("agreement", "check", "nowhere").code == 2


def test_show_is_read_in_either_language(run: Run, signed: Path, tmp_path: Path) -> None:
    both = good(run("agreement", "show", "ab"))
    assert "Appels d’essai par jour" in both
    assert "Test calls per day" in both
    assert "Test calls" not in good(run("agreement", "show", "ab", "--lang", "fr"))
    assert "Appels" not in good(run("agreement", "show", "ab", "--lang", "en"))
    good(run("agreement", "show", "ab", "--html", "ab.html"))
    page = (tmp_path / "ab.html").read_text()
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("https://node.", "")


def test_a_new_version_says_what_changed(run: Run, signed: Path, tmp_path: Path) -> None:
    good(run("agreement", "draft", "second", "--amend", "ab"))
    document = tmp_path / "second" / "agreement.toml"
    document.write_text(
        document.read_text().replace("test_calls_per_day = 2", "test_calls_per_day = 6")
    )
    ran = run("agreement", "diff", "ab", "second", "--json")
    assert ran.code == 1
    told = {change["label"]["en"]: change for change in json.loads(ran.out)}
    assert (told["Test calls per day"]["old"]["fr"], told["Test calls per day"]["new"]["fr"]) == (
        "2",
        "6",
    )
    assert told["Test calls per day"]["label"]["fr"] == "Appels d’essai par jour"
    assert "Test calls per" in run("agreement", "diff", "ab", "second").out
    assert good(run("agreement", "diff", "ab", "ab")) == "nothing changed\n"
    for party, officer in (("a", "durand"), ("b", "nowak")):
        key = f"keys-{party}/officers/{officer}.key"
        good(run("agreement", "sign", "second", "--party", party, "--key", key))


def test_copies_are_merged(run: Run, signed: Path, tmp_path: Path) -> None:
    """Two people sign copies at the same time."""
    (signed / "agreement.dsse.json").unlink()
    shutil.copytree(signed, tmp_path / "copy")
    good(run("agreement", "sign", "ab", "--party", "a", "--key", "keys-a/node.key"))
    good(run("agreement", "sign", "copy", "--party", "b", "--key", "keys-b/node.key"))
    told = good(run("agreement", "sign", "ab", "--merge", "copy/agreement.dsse.json"))
    assert "signed by every party" in told


def test_a_party_suspends_resumes_and_leaves(run: Run, signed: Path) -> None:
    own = ("--party", "b", "--key", "keys-b/officers/nowak.key", "--reason", "As agreed.")

    def now() -> Any:
        return json.loads(good(run("agreement", "show", "ab", "--json")))

    good(run("agreement", "suspend", "ab", *own))
    assert set(now()["suspended"]) == {"b"}
    assert run("agreement", "suspend", "ab", *own).code == 2
    good(run("agreement", "resume", "ab", *own))
    assert now()["suspended"] == {}
    good(run("agreement", "leave", "ab", *own))
    assert set(now()["left"]) == {"b"}
    assert now()["state"] == "ended"
    refused = run("agreement", "resume", "ab", *own)
    assert refused.code == 2
    assert "agreement.refused" in refused.err
    names = sorted(path.name for path in (signed / "statements").iterdir())
    assert names == [
        "b-0001-suspension.dsse.json",
        "b-0002-resumption.dsse.json",
        "b-0003-withdrawal.dsse.json",
    ]


def test_signing_says_why_it_refuses(run: Run, signed: Path) -> None:
    ran = run("agreement", "sign", "ab", "--party", "a", "--key", "keys-b/node.key")
    assert ran.code == 2
    assert "does not sign for party a" in ran.err
    assert run("agreement", "sign", "ab", "--party", "a").code == 2


def test_two_processes_sign_at_once_and_neither_is_lost(
    run: Run, signed: Path, tmp_path: Path
) -> None:
    for _ in range(3):
        (signed / "agreement.dsse.json").unlink()
        started = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "detente", "agreement", "sign", "ab"),
                    *("--party", party, "--key", f"keys-{party}/node.key"),
                ],
                cwd=tmp_path,
                stdout=subprocess.DEVNULL,
            )
            for party in "ab"
        ]
        assert [process.wait(60) for process in started] == [0, 0]
        assert json.loads(good(run("agreement", "show", "ab", "--json")))["unsigned"] == []
