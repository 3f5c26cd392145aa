"""A timestamp authority made of `openssl ts` (RFC 3161): a root, and a key for stamps."""

from __future__ import annotations

import subprocess
from pathlib import Path

_CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Authority:
    """Answers requests; its files are in a directory of the test's own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        (directory / "tsa.cnf").write_text(_CONFIGURATION, encoding="utf-8")
        (directory / "serial").write_text("01\n", encoding="utf-8")
        curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config tsa.cnf"
        self._run(
            f"req -x509 {curve} -keyout root.key -out root.pem -days 3650 -extensions root "
            "-subj /CN=Root"
        )
        self._run(f"req {curve} -keyout tsa.key -out tsa.csr -subj /CN=Stamps")
        self._run(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -set_serial 2 -days 3650 "
            "-extfile tsa.cnf -extensions stamps -out tsa.pem"
        )
        self.root_pem = (directory / "root.pem").read_bytes()

    def stamp(self, data: bytes) -> bytes:
        """A response over these bytes."""
        (self._directory / "data").write_bytes(data)
        self._run("ts -query -data data -sha256 -cert -out request.tsq")
        return self.answer((self._directory / "request.tsq").read_bytes())

    def answer(self, request: bytes) -> bytes:
        """The response to a request."""
        (self._directory / "request.tsq").write_bytes(request)
        self._run(
            "ts -reply -queryfile request.tsq -signer tsa.pem -inkey tsa.key -config tsa.cnf "
            "-section tsa_config -out response.tsr"
        )
        return (self._directory / "response.tsr").read_bytes()

    def _run(self, arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments.split()],
            cwd=self._directory,
            check=True,
            capture_output=True,
        )
