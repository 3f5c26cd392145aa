"""The file that says what a node watches: what it cannot say is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.node.watch.watch_file import WatchFileUnusable, read_watch_file

FEED = '[[feed]]\nname = "n"\nformat = "sbs"\naddress = "tcp://127.0.0.1:1"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "watch.toml"
    path.write_text(text)
    return path


def test_what_it_says_is_read(tmp_path: Path) -> None:
    found = read_watch_file(written(tmp_path, f'boundaries = ["country-coder"]\n{FEED}'))
    assert (found.boundaries, found.feed[0].name, found.tracks.keep) == (
        ("country-coder",),
        "n",
        True,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("boundaries = [", "not TOML"),
        ('boundary = "x"', "unknown field"),
        (FEED + FEED, "one name"),
        (FEED.replace('"n"', '"N o"'), "name"),
        ('boundaries = ["a\\u0000b"]', "boundaries"),
        (f'boundaries = ["{"x" * 251}"]', "boundaries"),
        ("[tracks]\nkeep_days = -1", "keep_days"),
        ("x" * (1 << 21), "larger"),
    ],
    ids=["cut", "field", "twice", "name", "NUL", "long", "negative", "huge"],
)
def test_what_it_cannot_say_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(WatchFileUnusable, match=told):
        read_watch_file(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WatchFileUnusable, match="cannot be read"):
        read_watch_file(tmp_path / "none.toml")
