"""The settings of planning: what each takes, what goes together, what is said of test mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detente.http import new_key_pair
from detente.node.base_settings import BaseSettings
from detente.node.settings import PREFIX, NodeSettings, cross_check
from detente.node.uss.areas import AreaUnusable, exchange_areas, read_area
from detente.node.uss.checking import planning_findings
from detente.node.uss.settings import PlanSettings
from detente.settings import SettingsInvalid, declared, load

GOOD: dict[str, Any] = {
    "exchange": ("https://dss.example",),
    "base_url": "https://uss.example",
    "token_command": "print-token",
    "auth_public_key": ("public.pem",),
}


def loaded(**given: Any) -> NodeSettings:
    return load(
        NodeSettings, prefix=PREFIX, command_line=given, environment={}, cross_check=cross_check
    ).settings


def refused(**given: Any) -> str:
    with pytest.raises(SettingsInvalid) as caught:
        loaded(**{**GOOD, **given})
    return str(caught.value)


def test_a_node_does_not_plan_unless_it_is_told_to() -> None:
    assert not loaded().plans
    assert loaded(**GOOD).plans
    assert not loaded(**GOOD).test_mode


# One good and one bad value of every setting; what is wrong with the bad one must name it.
VALUES: dict[str, tuple[Any, Any]] = {
    "exchange": (("a=https://a.example",), ("ftp://a.example",)),
    "exchange_area": (("exchange=area.geojson",), ("area.geojson",)),
    "manager": ("uss-a", " "),
    "process_constraints": (False, "perhaps"),
    "exchange_timeout": (20.0, 0),
    "peer_timeout": (2.0, 0),
    "positions_lost_after": (60.0, -1),
    "declare_lost": (True, "perhaps"),
    "settle_after": (30.0, -1),
    "base_url": ("https://uss.example/a", "https://uss.example/"),
    "uss_host": ("0.0.0.0", ""),
    "uss_port": (0, 70_000),
    "uss_port_file": ("port", None),
    "uss_tls_cert": (None, "cert.pem"),
    "uss_tls_key": (None, "key.pem"),
    "uss_ca": ("ca.pem", None),
    "auth_public_key": (("a.pem", "b.pem"), ()),
    "jwks_url": ("https://auth.example/keys", "keys"),
    "audience": (("uss.example", "localhost"), ("",)),
    "issuer": (("auth.example",), (" ",)),
    "uss_requests_per_s": (50.0, 0),
    "system_identity": ("org.example.uss", ""),
    "token_command": ("print-token --now", ""),
    "token_key": (None, "private.pem"),
    "token_subject": ("uss-a", ""),
    "token_issuer": ("somebody", ""),
    "oauth_token_url": (None, "token"),
    "oauth_client_id": ("me", ""),
    "oauth_client_secret_file": ("secret", None),
    "oauth_credentials": ("body", "query"),
    "cost_per_minute_late": (2.0, -1),
    "cost_per_minute_early": (2.0, -1),
    "cost_per_100m_up": (2.0, -1),
    "cost_per_100m_down": (2.0, -1),
    "cost_per_km_sideways": (2.0, -1),
    "cost_per_km_longer": (2.0, -1),
    "way_delay_minutes": (60, -1),
    "way_advance_minutes": (0, 2000),
    "way_aside_km": (2.5, 51),
    "lowest_m": (100.0, -2000),
    "highest_m": (3000.0, 200_000),
    "ground": ("400 m W84", " "),
    "geoid": ("47.1..47.9 m", " "),
    "allow_http_uss_urls": (True, "perhaps"),
    "peer_allow_any": (True, "perhaps"),
    "test_interfaces": (True, "perhaps"),
}


def test_every_setting_of_planning_is_tried_here() -> None:
    inherited = {each.field for each in declared(BaseSettings, PREFIX)}
    own = {each.field for each in declared(PlanSettings, PREFIX)} - inherited
    assert VALUES.keys() == own


@pytest.mark.parametrize("name", VALUES)
def test_a_setting_takes_what_is_good_and_refuses_the_rest(name: str) -> None:
    good, bad = VALUES[name]
    if good is not None:
        found = getattr(loaded(**{**GOOD, name: good}), name)
        assert found == (Path(good) if isinstance(found, Path) else _as_read(found, good))
    if bad is not None:
        option = name.replace("_", "-")
        said = refused(**{name: bad})
        assert option in said or "tokens" in said, said


def _as_read(found: Any, good: Any) -> Any:
    return (
        tuple(map(Path, good))
        if found and isinstance(found, tuple | list) and isinstance(found[0], Path)
        else good
    )


def test_what_goes_together_is_asked_for_together() -> None:
    assert "--base-url" in refused(base_url=None)
    assert "--exchange" in refused(exchange=())
    assert "--jwks-url" in refused(auth_public_key=())
    assert "not 2" in refused(token_key="private.pem")
    assert "one way to get tokens" in refused(token_command=None)
    assert "--oauth-client-id" in refused(token_command=None, oauth_token_url="https://x.example")
    assert "https" in refused(exchange=("http://dss.example",))
    assert "https" in refused(base_url="http://uss.example")
    twice = ("https://a.example", "https://b.example")
    assert "Two exchanges" in refused(exchange=twice)
    assert "no exchange 'west'" in refused(exchange_area=("west=area.geojson",))
    loaded(**{**GOOD, "exchange": ("http://dss.example",), "allow_http_uss_urls": True})


def test_test_mode_is_named() -> None:
    found = loaded(**GOOD, allow_http_uss_urls=True, peer_allow_any=True, test_interfaces=True)
    assert found.test_mode == ("allow-http-uss-urls", "peer-allow-any", "test-interfaces")
    said = dict(planning_findings(found))
    assert said["for tests only"] == "allow-http-uss-urls, peer-allow-any, test-interfaces"


def test_files_of_the_settings_are_looked_at_before_a_start(tmp_path: Path) -> None:
    private, public = new_key_pair()
    (tmp_path / "private.pem").write_bytes(private)
    (tmp_path / "public.pem").write_bytes(public)
    given = {
        **GOOD,
        "token_command": None,
        "token_key": tmp_path / "private.pem",
        "auth_public_key": (tmp_path / "public.pem",),
    }
    good = dict(planning_findings(loaded(**given)))
    assert all(isinstance(each, str) for each in good.values()), good
    given |= {"token_key": tmp_path / "public.pem", "auth_public_key": (tmp_path / "none.pem",)}
    bad = dict(planning_findings(loaded(**given)))
    assert not isinstance(bad["tokens"], str)
    assert not isinstance(bad["callers"], str)


# --- areas ----------------------------------------------------------------------------------------


def _polygon(*ring: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(each) for each in ring]]}


SQUARE = _polygon((7.0, 46.0), (8.0, 46.0), (8.0, 47.0), (7.0, 47.0), (7.0, 46.0))


def _written(directory: Path, document: Any) -> Path:
    path = directory / "area.geojson"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize(
    "document",
    [
        SQUARE,
        {"type": "Feature", "geometry": SQUARE, "properties": {}},
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "geometry": SQUARE, "properties": None}],
        },
        {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]},
        {"type": "GeometryCollection", "geometries": [SQUARE]},
    ],
)
def test_an_area_is_read_as_geojson(tmp_path: Path, document: Any) -> None:
    (volume,) = read_area(_written(tmp_path, document))
    assert volume.outline.vertices == ((46.0, 7.0), (46.0, 8.0), (47.0, 8.0), (47.0, 7.0))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "document",
    [
        "{",
        {"type": "FeatureCollection", "features": []},
        {"type": "Point", "coordinates": [7.0, 46.0]},
        {"type": "Polygon", "coordinates": SQUARE["coordinates"] * 2},
        {"type": "Polygon", "coordinates": [[["a", "b"]]]},
        _polygon((7.0, 46.0), (8.0, 47.0), (8.0, 46.0), (7.0, 47.0), (7.0, 46.0)),
        _polygon((7.0, 46.0), (8.0, 46.0), (7.0, 46.0)),
    ],
)
def test_what_is_no_area_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(AreaUnusable) as caught:
        read_area(_written(tmp_path, document))
    assert caught.value.where == str(tmp_path / "area.geojson")


def test_several_exchanges_have_base_urls_of_their_own(tmp_path: Path) -> None:
    area = _written(tmp_path, SQUARE)
    one = exchange_areas(loaded(**GOOD))
    assert [(each.name, each.base_url, each.area) for each in one] == [
        ("exchange", "https://uss.example", ())
    ]
    two = exchange_areas(
        loaded(
            **{
                **GOOD,
                "exchange": ("west=https://w.example/", "east=https://e.example"),
                "exchange_area": (f"west={area}",),
            }
        )
    )
    assert [(each.name, each.url, each.base_url, len(each.area)) for each in two] == [
        ("west", "https://w.example", "https://uss.example/west", 1),
        ("east", "https://e.example", "https://uss.example/east", 0),
    ]
