"""Where a setting comes from, and what is said when it does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from detente.settings import (
    Loaded,
    Problem,
    SettingsInvalid,
    describe,
    load,
    markdown_table,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    name: str = setting("A name.")
    port: int = setting("A port.", default=80, minimum=0, maximum=65535)
    ratio: float = setting("A ratio.", default=0.5, above=0)
    rate: float | None = setting("A rate; off: none.", default=3.0)
    strict: bool = setting("A switch.", default=True)
    level: Literal["low", "high"] = setting("A level.", default="low")
    keys: tuple[Path, ...] = setting("Keys.", default=())
    password: str | None = setting("A secret.", default=None, secret=True)


def read(
    command_line: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    cross_check: Any = None,
) -> Loaded[Sample]:
    return load(
        Sample,
        prefix="SAMPLE",
        command_line={"name": "x"} | (command_line or {}),
        environment=environment or {},
        cross_check=cross_check,
    )


def problems(*arguments: Any, **more: Any) -> list[Problem]:
    with pytest.raises(SettingsInvalid) as caught:
        read(*arguments, **more)
    return list(caught.value.problems)


def test_command_line_before_environment_before_file_before_default(tmp_path: Path) -> None:
    config = tmp_path / "sample.toml"
    config.write_text('port = 1\nratio = 0.25\nstrict = false\nkeys = ["a", "b"]\n')
    loaded = read(
        {"config": config, "port": "3", "keys": ()},
        {"SAMPLE_PORT": "2", "SAMPLE_RATIO": "0.75"},
    )
    found = loaded.settings
    assert (found.port, found.ratio, found.strict, found.level) == (3, 0.75, False, "low")
    assert found.keys == (Path("a"), Path("b"))
    assert loaded.where("port") == "option --port"
    assert loaded.where("ratio") == "environment variable SAMPLE_RATIO"
    assert loaded.where("strict") == f"{config}, line 3: strict"
    assert loaded.where("level") == "default"


def test_the_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "sample.toml"
    config.write_text("port = 1\n")
    assert read({}, {"SAMPLE_CONFIG": str(config)}).settings.port == 1


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_switches(text: str, value: bool) -> None:
    assert read({}, {"SAMPLE_STRICT": text}).settings.strict is value


def test_lists_have_commas_in_the_environment_and_off_switches_off() -> None:
    found = read({}, {"SAMPLE_KEYS": "a, b,", "SAMPLE_RATE": "off"}).settings
    assert found.keys == (Path("a"), Path("b"))
    assert found.rate is None


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("PORT", "eighty", "'eighty' is not a whole number."),
        ("PORT", "tcp://10.0.0.1:80", "is not a whole number."),
        ("PORT", "-1", "It must be at least 0."),
        ("PORT", "70000", "It must be at most 65535."),
        ("RATIO", "0", "It must be more than 0."),
        ("RATIO", "nan", "not a usable number"),
        ("STRICT", "maybe", "Use true or false."),
        ("LEVEL", "middle", "Use one of: low, high."),
    ],
)
def test_a_bad_value_is_told_with_its_place_and_remedy(variable: str, text: str, said: str) -> None:
    (problem,) = problems({}, {f"SAMPLE_{variable}": text})
    assert problem.where == f"environment variable SAMPLE_{variable}"
    assert said in str(problem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1\n", "line 1: prot: There is no such setting. Did you mean port?"),
        ("\n[ratio]\nx = 1\n", "line 2: ratio"),
        ('port = "x"\n', "line 1: port: 'x' is not a whole number."),
        ("port = 1.5\n", "is not a usable number"),
        ("port = true\n", "is not a number"),
        ("level = 5\n", "Put it between quotation marks."),
        ('keys = "a"\n', "This takes a list."),
        ("port = \n", "is not TOML"),
        ("x = '\xff'\n", "is not TOML"),
    ],
)
def test_a_bad_file_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "sample.toml"
    config.write_bytes(text.encode("latin-1"))
    (problem,) = problems({"config": config})
    assert str(config) in str(problem)
    assert said in str(problem)


def test_a_file_that_is_not_there() -> None:
    (problem,) = problems({"config": "/nowhere/x.toml"})
    assert str(problem) == "/nowhere/x.toml: The configuration file cannot be read: " + (
        "No such file or directory."
    )


def test_all_problems_are_found_at_once() -> None:
    found = problems({"name": None, "port": "x", "ratio": "-1"})
    assert [problem.where for problem in found] == [None, "option --port", "option --ratio"]
    with pytest.raises(SettingsInvalid, match="3 settings cannot be used"):
        read({"name": None, "port": "x", "ratio": "-1"})


def test_a_secret_is_never_shown() -> None:
    loaded = read({}, {"SAMPLE_PASSWORD": "hunter2"})
    shown = {key: value for key, value, _ in describe(loaded, "SAMPLE")}
    assert shown["password"] == "(set, not shown)"
    assert shown["rate"] == "3"
    assert shown["strict"] == "on"


def test_an_unknown_variable_is_a_warning_with_a_guess() -> None:
    (warning,) = read({}, {"SAMPLE_PROT": "1", "OTHER": "2"}).warnings
    assert warning == (
        "environment variable SAMPLE_PROT is not a setting; did you mean SAMPLE_PORT?"
    )


def test_settings_that_do_not_go_together() -> None:
    def check(found: Sample) -> Iterator[Problem]:
        if found.port and found.strict:
            yield Problem("A port cannot be strict.")

    (problem,) = problems(cross_check=check)
    assert problem.message == "A port cannot be strict."


def test_the_manual_has_every_setting() -> None:
    table = markdown_table(Sample, "SAMPLE")
    for word in ("`--port` `N`", "`SAMPLE_PORT`", "`--no-strict`", "low\\|high", "(must be given)"):
        assert word in table
