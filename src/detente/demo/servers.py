"""The exchange of the demonstration, a real one, and the keys that tokens are made with."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from detente.errors import DetenteError
from detente.http import new_key_pair

HOST: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 120.0
_STOP_TIMEOUT_S: Final = 60.0


class ExchangeDidNotStart(DetenteError):
    """The exchange's process ended, or did not say that it is ready."""

    code = "demo.exchange_did_not_start"


class Keys:
    """The key pair that stands for the authorisation server, made for one run.

    Attributes:
        public_key: file that everybody verifies tokens with.
        private_key: file that the nodes sign their own tokens with.
    """

    def __init__(self, directory: Path) -> None:
        private_pem, public_pem = new_key_pair()
        self.public_key = directory / "authorisation-server.pem"
        self.public_key.write_bytes(public_pem)
        self.private_key = directory / "authorisation-server.key"
        self.private_key.touch(mode=0o600)
        self.private_key.write_bytes(private_pem)


@asynccontextmanager
async def running_exchange(directory: Path, keys: Keys) -> AsyncIterator[str]:
    """A real `detente exchange` in a process of its own; gives its base URL.

    Raises:
        ExchangeDidNotStart: with the end of what it wrote.
    """
    log_path = directory / "exchange.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "detente",
            "exchange",
            *("--host", HOST, "--port", "0"),
            *("--data", str(directory / "exchange")),
            *("--auth-public-key", str(keys.public_key)),
            *("--audience", HOST),
            "--allow-http-uss-urls",
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            # A Ctrl-C in the terminal is for the demonstration, which ends the exchange itself.
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            try:
                async with asyncio.timeout(_START_TIMEOUT_S):
                    line = await process.stdout.readline()
                url = str(json.loads(line)["url"])
            except (TimeoutError, ValueError, KeyError):
                raise ExchangeDidNotStart(
                    "the exchange did not say that it is ready: "
                    + log_path.read_text("utf-8", "replace")[-1000:],
                    where=str(log_path),
                ) from None
            yield url
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
