"""`detente verify` and `python -m detente.verify`, as people call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.forge import Forge, story

from detente.cli.root import root
from detente.verify import Options, verify_bundle
from detente.verify.__main__ import main


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(story().build())
    return path


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    path = tmp_path / "refused.zip"
    path.write_bytes(story(cosigners=[], accept_grade="single").build())
    return path


def test_the_exit_code_tells_the_outcome(bundle: Path, refused: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    for path, options, code in (
        (bundle, [], 0),
        (refused, [], 1),
        (refused, ["--accept", "single"], 0),
        (tmp_path / "none.zip", [], 2),
        (bundle, ["--agreement", "x"], 2),
        (bundle, ["--agreement", "0" * 64], 1),
        (bundle, ["--accept", "best"], 2),
    ):
        shown = run(root, ["verify", str(path), *options], standalone_mode=False)
        result = shown.return_value if shown.exception is None else 2
        assert result == code, (path, options)


def test_both_commands_say_the_same(
    bundle: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([str(bundle), "--lang", "fr"]) == 0
    written = capfdbinary.readouterr().out.decode()
    shown = CliRunner().invoke(root, ["verify", str(bundle), "--lang", "fr"], standalone_mode=False)
    assert written == shown.stdout
    assert "PROUVÉ" in written
    assert "PROVEN" not in written


def test_json_and_page(bundle: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    shown = CliRunner().invoke(
        root, ["verify", str(bundle), "--json", "--html", str(page)], standalone_mode=False
    )
    assert json.loads(shown.stdout)["proven"] is True
    assert '<html lang="en">' in page.read_text(encoding="utf-8")


def test_the_module_needs_no_other_part_of_the_program(bundle: Path) -> None:
    program = (
        "import sys\nfrom detente.verify.__main__ import main\n"
        f"code = main([{str(bundle)!r}, '--json'])\n"
        "loaded = {name for name in sys.modules if name.startswith('detente.')}\n"
        "allowed = ('detente.verify', 'detente.formats')\n"
        "assert all(name.startswith(allowed) for name in loaded), loaded\n"
        "assert not {'click', 'msgspec', 'cryptography', 'numpy'} & sys.modules.keys()\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["grade"] == "bilateral"


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    forge = Forge().begin()
    for number in range(2200):
        forge.add("message", {"n": number})
    forge.custody()
    forge.entries[1500].erased = 3
    path = tmp_path / "long.zip"
    path.write_bytes(forge.build())
    one, two = (verify_bundle(path, Options(workers=workers)) for workers in (1, 2))
    assert one == two
    assert {finding.code for finding in two.findings} == {"erasure.unstated"}
