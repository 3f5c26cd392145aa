"""The settings of an exchange hang together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detente.exchange.settings import PREFIX, ExchangeSettings, cross_check
from detente.settings import SettingsInvalid, declared, load

GOOD: dict[str, Any] = {"auth_public_key": ("key.pub",), "audience": ("localhost",)}


def read(**given: Any) -> ExchangeSettings:
    return load(
        ExchangeSettings,
        prefix=PREFIX,
        command_line=GOOD | given,
        environment={},
        cross_check=cross_check,
    ).settings


def test_the_defaults_need_a_key_and_an_audience_only() -> None:
    settings = read()
    assert settings.auth_public_key == (Path("key.pub"),)
    assert settings.data_directory == Path("data")
    assert settings.enforce_state_transitions
    assert not settings.enforce_notify_scopes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"auth_public_key": ()}, "--auth-public-key or --jwks-url"),
        ({"audience": ()}, "--audience localhost"),
        ({"data": "d", "database": "postgresql://h/d", "log_key": "k"}, "exclude each other"),
        ({"database": "postgresql://h/d"}, "--log-key"),
        ({"database": "mysql://user:secret@h/d", "log_key": "k"}, "not a postgresql:// URL"),
        ({"tls_cert": "c"}, "together"),
        ({"jwks_url": "file:///etc/passwd"}, "not an http or https URL"),
        ({"origin": "a+b"}, "plus signs"),
        ({"audience": (" ",)}, "blank"),
        ({"max_area_km2": "0"}, "more than 0"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        read(**given)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_area_limit_of_its_own_wins() -> None:
    settings = read(max_area_km2="100", max_area_constraints_km2="10000")
    assert settings.area_km2("constraints") == 10_000
    assert settings.area_km2("intents") == 100


def test_every_setting_has_an_option_a_variable_and_a_key_of_one_name() -> None:
    for entry in declared(ExchangeSettings, PREFIX):
        assert entry.option == f"--{entry.key}"
        assert entry.variable == f"{PREFIX}_{entry.key.replace('-', '_').upper()}"
        assert entry.declaration.help.endswith((".", ")"))
