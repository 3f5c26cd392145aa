"""Where the page that verifies a bundle is written to."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

from detente.verify.page import page, write_page


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "verify.html"
    target.write_text("before")
    write_page(target)
    assert target.read_text(encoding="utf-8") == page()
    assert list(tmp_path.iterdir()) == [target]


def test_a_pipe_gets_the_page_and_stays_a_pipe(tmp_path: Path) -> None:
    target = tmp_path / "pipe"
    os.mkfifo(target)
    writer = Thread(target=write_page, args=(target,), daemon=True)
    writer.start()
    assert target.read_text(encoding="utf-8") == page()
    writer.join()
    assert stat.S_ISFIFO(target.stat().st_mode)
