"""Asks one address, for a webhook's post above all: resolved once, judged, connected to, never redirected."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from wabox.engine import handshakes
from wabox.errors import Invalid
from wabox.languages import later
from wabox.webhooks.lookups import NamesBusy, Resolver
from wabox.webhooks.targets import Address, Allow, Target, is_public, judge, parse_url, sentence

MAX_READ = 65_536
MAX_EXCERPT = 1_024
MAX_ADDRESSES = 4
MOST_LOCATION = 200
LONGEST_REST = 3_600  # seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one post may take, in seconds."""

    connect: float = 5.0
    total: float = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. status: the HTTP status, None if there was none. error: why there was none, or its meaning.

    retry_after: seconds that the receiver asks to be left alone, None if it asks nothing.

    excerpt: the first characters of the body; empty for an address that is not public, so that nobody reads
    the shop's network through it. duration_ms: whole milliseconds.
    """

    status: int | None
    excerpt: str
    error: str | None
    duration_ms: int
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class _Errand:
    """How one post is made. deadline: on the monotonic clock."""

    method: str
    headers: Mapping[str, str]
    tls: ssl.SSLContext
    patience: Patience
    deadline: float
    allow: Allow


class _Failed(Exception):
    """No status came back; the text is the sentence that says why."""


async def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    allow: Allow,
    *,
    resolver: Resolver,
    tls: ssl.SSLContext | None = None,
    patience: Patience = Patience(),
) -> Answer:
    """The body was posted once, or not at all, and this is what came of it; the network never raises here.

    Raises NamesBusy when nobody could look the name up: nothing was tried.

    One bad address among those of a name refuses all of them, and the connection goes to an address that was
    judged: a name that answers differently the next moment changes nothing. A second address is tried only
    while nothing was sent. Proxies of the environment, redirects and cookies play no part; at most 64 KiB of
    the answer are read. A status is an answer even if its body never ends.
    tls: what certificates are trusted, default certifi's.
    """
    began = time.monotonic()
    reading = _Reading()
    error: str | None = None
    try:
        async with asyncio.timeout(patience.total):
            target = parse_url(url, allow)
            addresses = await _addresses(target, allow, resolver, patience)
            errand = _Errand("POST", headers, tls or _certificates(), patience, began + patience.total, allow)
            await _post(errand, target, addresses, body, reading)
    except TimeoutError:
        error = f"The receiver did not answer within {patience.total:g} seconds."
    except _Failed as failed:
        error = str(failed)
    except Invalid as refused:
        error = refused.sentence
    duration_ms = round((time.monotonic() - began) * 1_000)
    if reading.status is not None:
        return Answer(
            reading.status, reading.excerpt(), reading.meaning(), duration_ms, reading.retry_after(time.time())
        )
    return Answer(None, "", error, duration_ms)


async def get(
    url: str,
    allow: Allow,
    *,
    resolver: Resolver,
    tls: ssl.SSLContext | None = None,
    patience: Patience = Patience(),
) -> bytes | None:
    """What lies there, 64 KiB at most; None for any other answer than 200, and for none.

    Judged, connected and timed as `post`. The address is one that the box's owner chose.
    """
    began, reading = time.monotonic(), _Reading()
    try:
        async with asyncio.timeout(patience.total):
            target = parse_url(url, allow)
            addresses = await _addresses(target, allow, resolver, patience)
            errand = _Errand("GET", {}, tls or _certificates(), patience, began + patience.total, allow)
            await _post(errand, target, addresses, b"", reading)
    except (TimeoutError, _Failed, Invalid, NamesBusy):
        return None
    return reading.body if reading.status == 200 else None


async def _addresses(target: Target, allow: Allow, resolver: Resolver, patience: Patience) -> Sequence[Address]:
    """The judged addresses of the target, at most a few. Raises _Failed if any is refused."""
    if target.address is not None:
        found: list[Address] = [target.address]
    else:
        found = await _resolved(target, resolver, patience)
    for address in found:
        reason = judge(address, target.port, host=target.host, allow=allow)
        if reason is not None:
            raise _Failed(sentence(reason))
    return found[:MAX_ADDRESSES]


async def _resolved(target: Target, resolver: Resolver, patience: Patience) -> list[Address]:
    try:
        async with asyncio.timeout(patience.connect):
            texts = await resolver(target.host, target.port)
        addresses = [ipaddress.ip_address(text) for text in texts]
    except (OSError, ValueError, TimeoutError):
        addresses = []
    if not addresses:
        raise _Failed(f"The name {target.host} was not found; check its spelling and this machine's DNS.")
    return addresses


class _Reading:
    """What has been read of the answer so far, kept when time runs out.

    listed: the box's owner opened this very host and port, so that its user may know where it redirects to.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self.listed = False
        self._headers = httpx.Headers()
        self._is_public = False
        self._shown = False
        self._body = bytearray()

    def start(self, response: httpx.Response, address: Address) -> None:
        """The status is here. Compressed bodies were not asked for and are not opened."""
        self.status = response.status_code
        self._headers = response.headers
        self._is_public = is_public(address)
        plain = response.headers.get("content-encoding", "identity").lower() == "identity"
        self._shown = plain and self._is_public

    def take(self, chunk: bytes) -> bool:
        """Whether more may be read."""
        self._body += chunk[: MAX_READ - len(self._body)]
        return len(self._body) < MAX_READ

    def meaning(self) -> str | None:
        """A sentence about a status that asks for something to be done; None if it speaks for itself."""
        if self.status == 410:
            return later(
                "The receiver says that this address is gone for good (410); this post is not tried again."
            )
        if handshakes.refuses_plain(self.status, self._body):
            return handshakes.SPEAKS_TLS
        if self.status is None or not 300 <= self.status < 400 or "location" not in self._headers:
            return None
        if not (self._is_public or self.listed):
            return later(
                "The receiver redirects elsewhere, and a webhook is not redirected; set the final address."
            )
        place = "".join(one for one in self._headers["location"] if one.isprintable())[:MOST_LOCATION]
        return f"The receiver redirects to {place}, and a webhook is not redirected; set that address itself."

    def retry_after(self, now: float) -> int | None:
        """What Retry-After asks, in seconds or as a day of HTTP; None without sense."""
        said = self._headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return min(int(said[:9]), LONGEST_REST)
        try:
            asked = parsedate_to_datetime(said).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(int(asked), 0), LONGEST_REST)

    @property
    def body(self) -> bytes:
        """What has come so far."""
        return bytes(self._body)

    def excerpt(self) -> str:
        """The beginning of the body as text without control characters."""
        if not self._shown:
            return ""
        text = self._body[: 4 * MAX_EXCERPT].decode("utf-8", "replace")
        return "".join(c if c.isprintable() or c == "\n" else " " for c in text)[:MAX_EXCERPT]


async def _post(
    errand: _Errand, target: Target, addresses: Sequence[Address], body: bytes, reading: _Reading
) -> None:
    """The first address that takes a connection got the body. Raises _Failed."""
    sent = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "wabox-webhooks",
        **errand.headers,
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Host": target.host_header,
    }
    for address in addresses:
        try:
            request = httpx.Request(
                errand.method,
                target.url_at(address),
                headers=sent,
                content=body,
                extensions=_extensions(target, errand),
            )
            reading.listed = errand.allow.lists(target.host, address, target.port)
            await _exchange(request, address, reading, errand.tls)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = await handshakes.failure(error, target, address)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            hung_up = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
            if hung_up and target.scheme == "http" and await handshakes.speaks_tls(address, target.port):
                raise _Failed(handshakes.SPEAKS_TLS) from None
            raise _Failed(_exchange_failure(error)) from None
        else:
            return
    raise _Failed(failure)


async def _exchange(request: httpx.Request, address: Address, reading: _Reading, tls: ssl.SSLContext) -> None:
    """One connection, used once: a transport of its own shares nothing with other receivers."""
    async with httpx.AsyncHTTPTransport(verify=tls, http2=False, trust_env=False, retries=0) as transport:
        response = await transport.handle_async_request(request)
        reading.start(response, address)
        try:
            async for chunk in response.stream:  # type: ignore[union-attr]
                if not reading.take(chunk):
                    break
        except (httpx.HTTPError, OSError):
            return
        finally:
            await response.aclose()


def _extensions(target: Target, errand: _Errand) -> dict[str, object]:
    """The timeouts, and the name that the certificate must be for.

    Connecting and the TLS handshake each end well before the total does: httpcore leaves the socket open
    when a handshake is cancelled (1.0.9, seen 2026-11-22), but not when it times out.
    """
    total = errand.patience.total
    connect = min(errand.patience.connect, 0.45 * max(errand.deadline - time.monotonic(), 0.0))
    extensions: dict[str, object] = {
        "timeout": {"connect": connect, "read": total, "write": total, "pool": connect}
    }
    if target.address is None:
        extensions["sni_hostname"] = target.host
    return extensions


def _exchange_failure(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "The receiver did not answer in time."
    if isinstance(error, httpx.LocalProtocolError | httpx.InvalidURL):
        return "The webhook could not be written as an http request."
    return "The receiver closed the connection without an answer."


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Made once: reading all certificates takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)
