"""TLS handshakes in memory: two contexts, no sockets."""

from __future__ import annotations

import ssl
from dataclasses import dataclass


@dataclass
class Ends:
    """Both ends after a handshake; an error is what its end said, in place of a certificate."""

    client_sees: bytes | None = None
    server_sees: bytes | None = None
    client_error: ssl.SSLError | None = None
    server_error: ssl.SSLError | None = None

    @property
    def good(self) -> bool:
        return self.client_error is None and self.server_error is None


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str | None) -> Ends:
    """Let them talk until both are done, or one gives up and the other has heard of it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    a = client.wrap_bio(to_client, to_server, server_hostname=host)
    b = server.wrap_bio(to_server, to_client, server_side=True)
    ends = Ends()
    client_done = server_done = False
    for _ in range(10):
        if not client_done and ends.client_error is None:
            try:
                a.do_handshake()
                client_done = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                ends.client_error = error
        if not server_done and ends.server_error is None:
            try:
                b.do_handshake()
                server_done = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                ends.server_error = error
    if client_done and ends.client_error is None:
        # In TLS 1.3 the client learns of a refusal only when it reads.
        try:
            a.read(1)
        except ssl.SSLWantReadError:
            ends.client_sees = a.getpeercert(True)
        except ssl.SSLError as error:
            ends.client_error = error
    if server_done:
        ends.server_sees = b.getpeercert(True)
    return ends
