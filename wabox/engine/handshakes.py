"""Why no connection to a receiver came about, looked at once more: its certificate, and what its port speaks."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx

from wabox.languages import later
from wabox.late import late
from wabox.webhooks.targets import Address, Target

if TYPE_CHECKING:
    from cryptography import x509
else:
    x509 = late("cryptography.x509")

LOOK_SECONDS = 2.0

SPEAKS_TLS = later("The receiver speaks https on this port; write the address with https://.")
_SPEAKS_PLAIN = later(
    "The receiver takes connections on this port and does not speak https there; correct the port, or write http://."
)
_NO_TLS = later("The receiver does not speak https on this port; correct the port, or write http://.")
_SELF_SIGNED = later(
    "The receiver's certificate is self-signed; get one that others trust, as Let's Encrypt gives."
)
_EXPIRED = later("The receiver's certificate has expired; renew it.")
_TOO_EARLY = later("The receiver's certificate is not valid yet; look at the clocks of both machines.")
_UNTRUSTED = later("The receiver's certificate lacks the one above it; install the full chain.")
_INVALID = later("The receiver's certificate is not valid; renew or correct it.")
# How servers answer who speaks plain http to their TLS port: nginx, Go and Caddy, Apache.
_PLAIN_REFUSED = (b"HTTPS port", b"to an HTTPS server", b"SSL-enabled server port")


async def failure(error: httpx.TransportError, target: Target, address: Address) -> str:
    """The sentence for a connection, or a TLS handshake, that came to nothing."""
    said = str(error)
    if target.scheme == "https" and any(mark in said for mark in ("CERTIFICATE", "certificate")):
        return " ".join(_faults(await _certificate(target, address), said, target, datetime.now(UTC))) or _INVALID
    if "SSL" in said:
        return _NO_TLS
    if target.scheme == "https" and await _takes_connections(address, target.port):
        return _SPEAKS_PLAIN
    if isinstance(error, httpx.ConnectTimeout):
        return "The receiver's machine did not take the connection in time."
    return "The receiver's machine refused the connection; check that it runs."


def refuses_plain(status: int | None, body: bytes | bytearray) -> bool:
    """Whether an answer in plain http says that this port wants TLS."""
    return status == 400 and any(words in body for words in _PLAIN_REFUSED)


async def speaks_tls(address: Address, port: int) -> bool:
    """Whether who hung up on plain http would shake hands in TLS. Nothing is said in it."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection(str(address), port, ssl=_trusting())
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def _takes_connections(address: Address, port: int) -> bool:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection(str(address), port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def _certificate(target: Target, address: Address) -> x509.Certificate | None:
    """What the receiver shows of itself; nothing is said to it."""
    name = target.host if target.address is None else None
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection(
                str(address), target.port, ssl=_trusting(), server_hostname=name or str(address)
            )
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        return x509.load_der_x509_certificate(shown) if shown else None
    except (OSError, TimeoutError, ValueError):
        return None


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _faults(shown: x509.Certificate | None, said: str, target: Target, now: datetime) -> list[str]:
    """All that is wrong with it. OpenSSL says the first only; who mends that would meet the next one."""
    found = []
    if "has expired" in said or (shown is not None and shown.not_valid_after_utc < now):
        found.append(_EXPIRED)
    if "not yet valid" in said or (shown is not None and shown.not_valid_before_utc > now):
        found.append(_TOO_EARLY)
    if "mismatch" in said or (shown is not None and not _is_for(shown, target)):
        found.append(_other_name(target))
    if "self-signed" in said or "self signed" in said:
        found.append(_SELF_SIGNED)
    if "local issuer" in said:
        found.append(_UNTRUSTED)
    return found


def _other_name(target: Target) -> str:
    return f"The receiver's certificate is for another name than {target.host}; correct it, or the address."


def _is_for(shown: x509.Certificate, target: Target) -> bool:
    try:
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if target.address is not None:
        return ip_address(str(target.address)) in names.get_values_for_type(x509.IPAddress)
    above = target.host.partition(".")[2]
    wanted = {target.host, f"*.{above}"} if "." in above else {target.host}
    return any(name.lower().rstrip(".") in wanted for name in names.get_values_for_type(x509.DNSName))
