"""The stub's certificate, from an authority of its own that every sender verifies it against.

RSA with 2,048 bits, as AWS's endpoints have: the handshake costs what it costs there.
"""

from pathlib import Path

from benchmarks.programs import run

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
KEY = ("-newkey", "rsa:2048", "-noenc", "-days", "30")


def make(folder: Path) -> Path:
    """Write `stub.pem`, `stub.key` and `authority.pem`; return the authority's path."""
    authority = folder / "authority.pem"
    authority_key = folder / "authority.key"
    run(
        ["openssl", "req", "-x509", *KEY, "-subj", "/CN=Roomcast benchmark authority"]
        + ["-addext", "keyUsage=critical,keyCertSign", "-keyout", authority_key, "-out", authority]
    )
    run(
        ["openssl", "req", "-x509", *KEY, "-subj", "/CN=localhost", "-addext", NAMES]
        + ["-addext", "basicConstraints=critical,CA:FALSE"]
        + ["-CA", authority, "-CAkey", authority_key]
        + ["-keyout", folder / "stub.key", "-out", folder / "stub.pem"]
    )
    (folder / "stub.key").chmod(0o600)
    authority_key.unlink()
    return authority
