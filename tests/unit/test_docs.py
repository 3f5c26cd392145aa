"""The documentation names every setting, option and error, and its generated parts are fresh."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click
import pytest

import detente
from detente.cli.reference import pages
from detente.cli.root import root
from detente.errors import all_error_types
from detente.exchange.settings import PREFIX, ExchangeSettings
from detente.settings import declared

DOCS = Path(__file__).parents[2] / "docs"


def text_of(*names: str) -> str:
    return "\n".join((DOCS / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def everything() -> str:
    return text_of(*(str(path.relative_to(DOCS)) for path in sorted(DOCS.glob("**/*.md"))))


def load_all_modules() -> None:
    for module in pkgutil.walk_packages(detente.__path__, "detente."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_every_error_code_is_explained() -> None:
    load_all_modules()
    documented = set(re.findall(r"^\| `([a-z0-9_.]+)` \|", text_of("errors.md"), re.MULTILINE))
    ours = {kind.code for kind in all_error_types() if kind.__module__.startswith("detente.")}
    missing = sorted(ours - documented)
    assert not missing, f"not in docs/errors.md: {', '.join(missing)}"


def test_no_code_is_explained_that_does_not_exist() -> None:
    load_all_modules()
    documented = set(re.findall(r"^\| `([a-z0-9_.]+)` \|", text_of("errors.md"), re.MULTILINE))
    source = "\n".join(path.read_text() for path in Path(detente.__path__[0]).rglob("*.py"))
    gone = sorted(code for code in documented if f'"{code}"' not in source)
    assert not gone, f"explained in docs/errors.md, but nowhere in the program: {gone}"


def test_every_error_class_has_a_code_of_its_own() -> None:
    load_all_modules()
    shared: dict[str, set[str]] = {}
    todo = list(all_error_types())
    for kind in todo:
        for child in kind.__subclasses__():
            if "code" in vars(child):
                shared.setdefault(child.code, set()).add(child.__qualname__)
    doubled = {code: names for code, names in shared.items() if len(names) > 1}
    assert not doubled


def test_every_setting_is_documented() -> None:
    page = text_of("settings-exchange.md")
    for entry in declared(ExchangeSettings, PREFIX):
        assert f"`{entry.option}`" in page
        assert f"`{entry.variable}`" in page
        assert entry.declaration.help in page


def options(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        for name in (*parameter.opts, *parameter.secondary_opts):
            if name.startswith("--"):
                yield path, name
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            if child.hidden:
                continue
            yield from options(child, f"{path} {name}")


def test_every_command_and_option_is_documented(everything: str) -> None:
    for path, option in options(root, "detente"):
        assert f"`{path}`" in everything
        assert option in everything, f"{path} {option}"


def test_the_generated_parts_are_fresh() -> None:
    stale = {}
    for name, text in pages():
        path = DOCS / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if text != old:
            lines = unified_diff(old.splitlines(), text.splitlines(), name, "generated", "", "", 1)
            stale[name] = "\n".join(lines)
    assert not stale, f"run `detente reference`: {', '.join(stale)}\n" + "\n".join(stale.values())


def test_settings_named_in_the_manual_exist() -> None:
    known = {entry.key for entry in declared(ExchangeSettings, PREFIX)}
    example = re.search(r"```toml\n(.*?)```", text_of("exchange.md"), re.DOTALL)
    assert example is not None
    for line in example.group(1).splitlines():
        assert line.partition(" = ")[0] in known
    table = re.search(r"## Limits\n\n(.*?)\n\n", text_of("exchange.md"), re.DOTALL)
    assert table is not None
    for row in table.group(1).splitlines()[2:]:
        for key in re.findall(r"`([a-z-]+[a-z0-9-]*)`", row.split("|")[2]):
            assert key in known


def test_links_between_pages_lead_somewhere() -> None:
    for path in DOCS.glob("**/*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
