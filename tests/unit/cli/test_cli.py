"""What a user types, and what comes back."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from tests.support.called import Run, called

from detente.errors import DetenteError


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return called(capsys, tmp_path, monkeypatch)


def test_help_comes_at_once_and_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom detente.cli import main\ntry:\n    main(['exchange', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'numba', 'numpy', 'shapely', 'httpx', 'uvicorn', 'apsw', 'psycopg', 'polars'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    start = time.process_time()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--auth-public-key" in done.stdout
    assert time.process_time() - start < 1


def test_a_key_pair_makes_tokens_that_hold(run: Run) -> None:
    from detente.http import TokenRules, load_pem_key, verify_token

    made = run("keys", "new")
    assert made.code == 0
    assert stat.S_IMODE(Path("dev.key").stat().st_mode) == 0o600
    token = run(
        *("token", "--key", "dev.key", "--sub", "uss1", "--aud", "localhost"),
        *("--scope", "a b", "--scope", "c"),
    )
    assert token.code == 0
    rules = TokenRules(audiences=frozenset({"localhost"}))
    key = load_pem_key(Path("dev.key.pub"))
    verified = verify_token(token.out.strip().encode(), [key], rules, int(time.time() * 1e6))
    assert verified.caller.scopes == {"a", "b", "c"}


def test_a_log_key_is_private_and_its_public_half_is_printed(run: Run) -> None:
    from detente.record import Verifier

    made = run("keys", "new", "--log", "--name", "exchange.example/one", "own.key")
    assert made.code == 0
    assert Verifier.from_vkey(made.out.strip()).name == "exchange.example/one"
    assert stat.S_IMODE(Path("own.key").stat().st_mode) == 0o600


def test_no_key_is_overwritten(run: Run) -> None:
    assert run("keys", "new").code == 0
    before = Path("dev.key").read_bytes()
    again = run("keys", "new")
    assert again.code == 2
    assert "dev.key" in again.err
    assert Path("dev.key").read_bytes() == before
    assert run("keys", "new", "--log", "dev.key").code == 2


def test_an_error_tells_what_where_and_advice_without_a_traceback(run: Run) -> None:
    ran = run("token", "--key", "absent", "--sub", "x", "--aud", "y", "--scope", "z")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "error: The key file cannot be read: No such file or directory.",
        "  where:  absent",
        "  code:   auth.key",
    ]


def hostile_plan(path: str, flight: str) -> None:
    properties = {
        "flight_id": flight,
        "name": f"{flight}\x1b[2J\x9b31m\u202e\x7f\x00 [bold]",
        "party": "\x1b]0;owned\x07",
        "radius_m": 100,
        "altitude_lower": {"value": 0, "units": "M", "reference": "W84"},
        "altitude_upper": {"value": 1, "units": "M", "reference": "W84"},
        "time_start": "2026-05-01T09:00:00Z",
        "time_end": "2026-05-01T10:00:00Z",
    }
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [6, 46]},
        "properties": properties,
    }
    Path(path).write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


@pytest.mark.parametrize("form", ["table", "json", "geojson"])
def test_no_name_from_a_file_commands_the_terminal(run: Run, form: str) -> None:
    hostile_plan("own.geojson", "a")
    hostile_plan("other.geojson", "b")
    ran = run("check", "own.geojson", "--against", "other.geojson", "--format", form)
    assert ran.code == 1, ran.err
    assert not set("\x1b\x9b\u202e\x7f\x00\x07") & set(ran.out + ran.err)
    assert "\\u001b[2J" in ran.out.replace("\n", "")
    if form == "json":
        names = [c["own"]["name"] for c in json.loads(ran.out)["conflicts"]]
        assert names == ["a\x1b[2J\x9b31m\u202e\x7f\x00 [bold]"]


def test_an_error_about_a_hostile_file_commands_no_terminal(run: Run) -> None:
    Path("\x9b31m.geojson").write_text("{")
    ran = run("check", "\x9b31m.geojson")
    assert ran.code == 2
    assert "\\u009b31m.geojson" in ran.err


def test_a_fault_of_the_program_is_not_taken_for_conflicts(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("detente.http.new_key_pair", fails)
    ran = run("keys", "new")
    assert ran.code == 70
    assert "ZeroDivisionError" in ran.err


def test_settings_are_judged_the_same_wherever_they_stand(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("exchange", "--port", "x")
    assert ran.code == 2
    assert "option --port: 'x' is not a whole number." in ran.err or "where:" in ran.err
    monkeypatch.setenv("DETENTE_EXCHANGE_PORT", "x")
    ran = run("exchange", "--auth-public-key", "k", "--audience", "localhost")
    assert ran.code == 2
    assert "environment variable DETENTE_EXCHANGE_PORT" in ran.err


def test_usage_errors_and_interrupts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("nothing").code == 2
    assert run("--version").out.startswith("detente, version ")

    def interrupted(*arguments: Any) -> None:
        raise click.Abort

    monkeypatch.setattr("detente.http.new_key_pair", interrupted)
    assert run("keys", "new").code == 130


def test_check_finds_everything_good(run: Run) -> None:
    run("keys", "new")
    ran = run(
        *("exchange", "--check", "--auth-public-key", "dev.key.pub", "--audience", "localhost"),
        *("--port", "0"),
    )
    assert ran.code == 0, ran.out
    assert "auth-public-key" in ran.out
    assert "(option --audience)" in ran.out
    assert "a new one would be made in data" in ran.out
    assert "Everything is ready" in ran.out
    assert not Path("data").exists()


def test_check_names_what_is_not_good(run: Run) -> None:
    Path("bad.pem").write_text("x")
    Path("bad.key").write_text("x")
    ran = run(
        *("exchange", "--check", "--auth-public-key", "bad.pem", "--audience", "localhost"),
        *("--tls-cert", "bad.pem", "--tls-key", "bad.key", "--log-key", "bad.key"),
        *("--jwks-url", "http://127.0.0.1:9/jwks"),
    )
    assert ran.code == 2
    assert ran.out.count("NOT GOOD") == 4


def test_check_does_not_show_the_password_of_the_database(run: Run) -> None:
    run("keys", "new")
    run("keys", "new", "--log")
    ran = run(
        *("exchange", "--check", "--auth-public-key", "dev.key.pub", "--audience", "localhost"),
        *("--log-key", "log.key", "--database", "postgresql://u:hunter2@127.0.0.1:9/d"),
    )
    assert ran.code == 2
    assert "NOT GOOD  log" in ran.out
    assert "hunter2" not in ran.out + ran.err


@pytest.fixture
def small_log(tmp_path: Path) -> Path:
    import asyncio

    from detente.record import Ledger, SqliteLog, generate_key

    async def write() -> None:
        log = await SqliteLog.open(tmp_path / "data")
        try:
            signer = generate_key("test")
            (tmp_path / "vkey").write_text(signer.verifier.to_vkey())
            ledger = Ledger(log, signer, "test")
            async with ledger.writing() as writing:
                await writing.append([b'{"n":1}', b'{"n":2}', b'{"n":3}'])
        finally:
            await log.close()

    asyncio.run(write())
    return tmp_path / "data"


def test_a_log_is_shown_verified_and_exported(run: Run, small_log: Path) -> None:
    shown = run("log", "show", "--since", "1")
    assert shown.code == 0
    assert [json.loads(line) for line in shown.out.splitlines()] == [
        {"position": 1, "entry": {"n": 2}},
        {"position": 2, "entry": {"n": 3}},
    ]
    vkey = Path("vkey").read_text()
    verified = run("log", "verify", "--verifier", vkey, "--origin", "test")
    assert verified.code == 0, verified.out
    assert "good: it is what the holders of these keys have signed" in verified.out
    assert run("log", "export", "out").code == 0
    as_json = run("log", "verify", "--export", "out", "--verifier", vkey, "--json")
    assert as_json.code == 0
    report = json.loads(as_json.out)
    assert (report["good"], report["size"], report["signatures"]) == (True, 3, 1)


def test_a_log_that_was_rewritten_is_found_out(run: Run, small_log: Path) -> None:
    assert run("log", "export", "out").code == 0
    entries = Path("out/entries.jsonl")
    entries.write_text(entries.read_text().replace('\\"n\\":2', '\\"n\\":9'))
    ran = run("log", "verify", "--export", "out")
    assert ran.code == 1
    assert "WRONG" in ran.out
    assert run("log", "verify", "--data", "nowhere").code == 2


def test_every_error_class_of_the_command_line_has_a_code_of_its_own() -> None:
    from detente.errors import all_error_types

    assert len({kind.code for kind in all_error_types()}) == len(all_error_types())
    assert DetenteError in all_error_types()


def test_check_is_told_the_unit_that_a_column_does_not_say(run: Run, tmp_path: Path) -> None:
    rows = [f"{1777626000 + 10 * i},46.0,{6 + i / 100},3000,F1" for i in range(5)]
    track = tmp_path / "track.csv"
    track.write_text("\n".join(["timestamp,latitude,longitude,altitude,flight_id", *rows]))
    arguments = ("check", str(track), "--corridor", "1NM,500ft,60s", "--format", "json")
    unsaid = run(*arguments)
    assert unsaid.code == 2
    assert "--altitude-unit" in unsaid.err
    assert run(*arguments, "--altitude-unit", "ft").code == 0


def test_check_names_properties_that_mean_nothing(run: Run, tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "examples" / "party-a.geojson"
    plan = tmp_path / "plan.geojson"
    plan.write_text(example.read_text().replace('"party"', '"partty"'))
    assert "partty" in run("check", str(plan)).out
