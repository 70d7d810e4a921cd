"""A throw-away certificate for web.whatsapp.com, for clients whose address is fixed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("web.whatsapp.com", "localhost")


@contextmanager
def certificate_files() -> Iterator[tuple[str, str]]:
    """Paths of a fresh certificate and its key, in a private directory that goes when the block ends."""
    key = ec.generate_private_key(ec.SECP256R1())
    with tempfile.TemporaryDirectory(prefix="wabox-sandbox-") as directory:
        certificate_path = Path(directory, "certificate.pem")
        key_path = Path(directory, "key.pem")
        certificate_path.write_bytes(_sign(key).public_bytes(serialization.Encoding.PEM))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        yield str(certificate_path), str(key_path)


def _sign(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wabox sandbox")])
    names = x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
