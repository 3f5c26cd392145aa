"""The tree itself: what must not stand in it, what has to agree, what must be named."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from scripts.notice import differences, named_in, notice, read_lock, runtime_packages

import detente

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in (ROOT / "src/detente").rglob("__init__.py"))
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))

# Written so that this file does not match its own patterns.
FORBIDDEN = {
    "a path of somebody's workplace": r"(?<![\w.-])/w[o]rk/|\.\./sh[a]red\b",
    "the number of an issue": r"\b(?:[Ii]ssues?|[Tt]ickets?|[Bb]ugs?|PRs?) #?\d+\b"
    r"|(?:\b(?:[Ff]ix(?:es|ed)?|[Cc]lose[sd]?|[Ss]ee|[Rr]efs?|in|for|of|by) |(?<!\])\()#\d{1,3}\b",
    "a tag of private notes": r"\[(?:TEST|GO|MEM)\](?!\()|\bf3548\.m[d]\b",
    "the host of a package registry": r"(?:\bpypi|pythonhosted|\bcrates)\.(?:org|io)\b"
    r"|\bregistry\.npmjs|\bproxy\.golang|\brepo1?\.maven|\bdeb\.debian\.org",
}
ONLY_IN_TESTS = {"a path in /tmp": r"(?<![\w.-])/t[m]p\b"}
# uv.lock names hosts by its nature; the licence is not ours to word.
EXEMPT = {"uv.lock", "LICENSE"}


@cache
def tracked() -> tuple[str, ...]:
    """Paths of the files under version control."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    names = listed.stdout.decode().split("\0")
    return tuple(name for name in names if name and (ROOT / name).is_file())


def read(name: str) -> str | None:
    """The text of a tracked file; None if it is no text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def places(pattern: str, names: list[str]) -> list[str]:
    found = []
    for name in names:
        for number, line in enumerate((read(name) or "").splitlines(), 1):
            if match := re.search(pattern, line):
                found.append(f"{name}:{number}: {match.group()}")
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    names = [name for name in tracked() if name not in EXEMPT]
    assert places(FORBIDDEN[what], names) == []


@pytest.mark.parametrize("what", ONLY_IN_TESTS)
def test_no_file_outside_the_tests_contains(what: str) -> None:
    names = [
        name for name in tracked() if name not in EXEMPT and not name.startswith(("tests/", ".ci/"))
    ]
    assert places(ONLY_IN_TESTS[what], names) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of somebody's workplace", "see /w~ork/notes"),
        ("a path of somebody's workplace", "in ../sh~ared"),
        ("the number of an issue", "as issue~ 2 says"),
        ("the number of an issue", "fixes #~7"),
        ("a tag of private notes", "[ME~M] perhaps"),
        ("the host of a package registry", "from py~pi.org"),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, text: str) -> None:
    # The tilde keeps this file itself free of what it looks for.
    assert re.search(FORBIDDEN[what], text.replace("~", ""))


@pytest.mark.parametrize(
    "text",
    [
        "frame/work/x",
        "color: #123456",
        "color:#fff",
        "&#39;",
        "[a](#7)",
        "network/",
        "PKCS #8",
        "BAW7 #2",
    ],
)
def test_the_patterns_leave_other_things_alone(text: str) -> None:
    assert not any(re.search(pattern, text) for pattern in FORBIDDEN.values())


def test_no_tracked_file_is_a_cache_or_a_key() -> None:
    wrong = r"(^|/)(__pycache__|\.cache|\.venv|\.tools|\.hypothesis|node_modules)/|\.pyc$"
    assert [name for name in tracked() if re.search(wrong, name)] == []
    keys = r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"
    assert [name for name in tracked() if re.search(keys, read(name) or "")] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_says_what_it_is(package: Path) -> None:
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "src/detente").rglob("*.py")}
    assert folders <= set(PACKAGES)


def test_every_part_of_the_package_has_its_layer() -> None:
    (contract,) = [
        contract
        for contract in project()["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    placed = {part.strip() for layer in contract["layers"] for part in layer.split("|")}
    parts = {
        f"detente.{path.stem}"
        for path in (ROOT / "src/detente").iterdir()
        if not path.name.startswith("__")
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert parts <= placed, "name the new parts in [tool.importlinter]"


def test_licence_is_the_unchanged_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    digest = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert hashlib.sha256(text).hexdigest() == digest


def test_notice_names_every_runtime_package() -> None:
    assert differences() == []


def test_notice_is_made_from_lock_and_metadata() -> None:
    always, optional = runtime_packages(read_lock())
    assert {"psycopg", "psycopg-binary", "numpy", "h11"} <= set(always)
    assert not {"pytest", "hypothesis", "tzdata", "colorama"} & {*always, *optional}
    assert named_in(notice()) == {*always, *optional}


def test_notice_tells_of_copyleft_and_data() -> None:
    text = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "psycopg: LGPL-3.0-only" in text
    assert "psycopg-binary: LGPL-3.0-only" in text
    assert "OpenSky Network" in text


def test_no_runtime_package_is_under_the_gpl() -> None:
    text = (ROOT / "NOTICE").read_text(encoding="utf-8")
    # The GCC runtime library has an exception for exactly this use.
    gpl = r"(?<![LA])GPL-?[23v](?!\.0-or-later\s+WITH\s+GCC-exception)|AGPL"
    assert not re.search(gpl, text)


def test_versions_agree() -> None:
    version = project()["project"]["version"]
    assert detente.__version__ == version
    (own,) = [package for package in read_lock()["package"] if package["name"] == "detente"]
    assert own["version"] == version


def test_changelog_keeps_its_form() -> None:
    headings = re.findall(
        r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings[0] == "[Unreleased]"
    assert all(
        re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading) for heading in headings[1:]
    )


def test_readme_names_every_make_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):.* ## ", makefile, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(targets) == set(phony[1].split())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [target for target in targets if f"`make {target}`" not in readme] == []


def test_pages_link_only_to_what_exists() -> None:
    dead = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target) or target.startswith("#"):
                continue
            if not (page.parent / target.split("#")[0]).exists():
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert dead == []


def test_index_of_documents_names_all_of_them() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page != "README.md" and f"]({page})" not in index] == []


def test_pages_hold_no_unfinished_text() -> None:
    unfinished = r"\bTODO\b|\bTBD\b|\bFIXME\b|\bXXX\b|[Ll]orem ipsum"
    assert places(unfinished, [str(page.relative_to(ROOT)) for page in PAGES]) == []


@pytest.mark.parametrize("name", [".ci/run", "scripts/setup.sh", "scripts/browser.sh"])
def test_a_shell_script_is_executable_and_parses(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", name], cwd=ROOT, check=True)
