"""`detente boundary` as a person runs it."""

import json
from pathlib import Path

import pytest
from tests.support.boundaries import box, exact_store
from tests.support.program import Finished, detente

LINE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"claimant": name, "name": f"{name}’s side"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for name, ring in (("A", box(10, 40, 11, 41)), ("B", box(11, 40, 12, 41)))
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "line.geojson"
    path.write_text(json.dumps(LINE), encoding="utf-8")
    return path


async def run(tmp_path: Path, *arguments: str | Path) -> Finished:
    store = {"DETENTE_BOUNDARIES": str(tmp_path / "store")}
    return await detente("boundary", *arguments, variables=store)


async def imported(tmp_path: Path, file: Path, name: str = "ours") -> Finished:
    return await run(
        tmp_path, "import", file, "--id", name, "--uncertainty-m", "25",
        "--ground", "surveyed 2024", "--kind", "agreed-line", "--licence", "CC0-1.0",
    )  # fmt: skip


@pytest.mark.anyio
async def test_what_is_imported_is_listed_shown_compared_exported_and_removed(
    tmp_path: Path, file: Path
) -> None:
    made = await imported(tmp_path, file)
    assert made.code == 0, made.err
    assert "uncertainty 25 m: surveyed 2024" in made.out

    listed = json.loads((await run(tmp_path, "list", "--json")).out)
    assert [each["id"] for each in listed["installed"]] == ["country-coder", "ours"]
    assert [each["id"] for each in listed["installable"]] == ["maritime-10m", "natural-earth"]

    shown = await run(tmp_path, "show", "ours:A", "--out", tmp_path / "a.html")
    assert "agreed-line" in shown.out
    assert "⢸" in shown.out
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "A’s side" in page
    # On a small screen the table is moved, not the page.
    assert '<div class="scroll"><table>' in page
    assert "25 m" in page

    compared = await run(
        tmp_path, "compare", "ours", "ours", "--claimant", "A", "--neighbour", "B", "--json"
    )
    (same,) = json.loads(compared.out)
    assert same["there"]["max_m"] < 0.001
    assert same["there"]["places"] == pytest.approx(1111, abs=2)

    out = tmp_path / "for-them.geojson"
    exported = await run(tmp_path, "export", "ours", "--out", out)
    assert exported.code == 0, exported.err
    assert (await run(tmp_path, "export", "ours", "--out", out)).code == 2
    theirs = await run(tmp_path / "theirs", "show", out, "--json")
    assert json.loads(theirs.out)["sources"][0]["uncertainty_m"] == 25.0

    assert (await run(tmp_path, "remove", "ours")).code == 0
    gone = await run(tmp_path, "show", "ours")
    assert gone.code == 2
    assert "boundary.unknown" in gone.err


@pytest.mark.anyio
async def test_an_import_needs_its_uncertainty(tmp_path: Path, file: Path) -> None:
    refused = await run(tmp_path, "import", file, "--id", "ours")
    assert refused.code == 2
    assert "--uncertainty-m" in refused.err


@pytest.mark.anyio
async def test_what_cannot_be_repaired_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "bow.geojson"
    bow = [[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [bow]}))
    refused = await run(
        tmp_path, "import", path, "--id", "bow", "--uncertainty-m", "1", "--claimant", "A"
    )
    assert refused.code == 2
    assert "bow/A" in refused.err
    assert "boundary.refused" in refused.err
    assert not (tmp_path / "store" / "bow").exists()


@pytest.mark.anyio
async def test_a_hostile_name_does_not_reach_the_terminal_or_the_page(tmp_path: Path) -> None:
    path = tmp_path / "line.geojson"
    evil = json.loads(json.dumps(LINE))
    evil["features"][0]["properties"] |= {"claimant": "A", "name": "\x1b[2J<script>x</script>"}
    path.write_text(json.dumps(evil))
    assert (await imported(tmp_path, path)).code == 0
    shown = await run(tmp_path, "show", "ours:A", "--out", tmp_path / "a.html")
    assert "\x1b" not in shown.out
    assert "<script>" not in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.anyio
async def test_a_tarball_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    tarball = tmp_path / "x.tgz"
    tarball.write_bytes(b"not it")
    refused = await run(tmp_path, "install", "maritime-10m", "--file", tarball)
    assert refused.code == 2
    assert "SHA-512" in refused.err


@pytest.mark.anyio
async def test_two_sources_are_compared_along_a_stretch(tmp_path: Path) -> None:
    store = exact_store().root
    compared = await detente(
        "boundary", "compare", "country-coder", "maritime-10m", "--box", "35.9,35.8,36.2,36.3",
        "--neighbour", "SY", "--claimant", "TR", variables={"DETENTE_BOUNDARIES": str(store)},
    )  # fmt: skip
    assert compared.code == 0, compared.err
    assert "© OpenStreetMap contributors" in compared.out
    assert "104 m" in compared.out
    assert "35.87279 36.04810" in compared.out  # whole, though this is no terminal
    assert "country-coder" in compared.out.split("© ")[0]
    assert "maritime-10m" in compared.out.split("© ")[0]
