"""Fetches a file from an address that a program names: judged as a webhook's, at each redirect anew.

The connection goes to an address that was judged, whatever the name answers a moment later. Cookies, proxies of
the environment and compressed bodies play no part. WhatsApp's page never learns of the address.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx

from wabox import __version__
from wabox.errors import Invalid, Unavailable
from wabox.media.store import Incoming, too_large
from wabox.webhooks.lookups import NamesBusy, Resolver
from wabox.webhooks.targets import Address, Allow, Target, judge, parse_url, sentence

MOST_REDIRECTS = 3
MOST_ADDRESSES = 4
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a fetch may take, in seconds: to connect, to the first byte and between two, and in all."""

    connect: float = 5.0
    first: float = 10.0
    total: float = 60.0


async def fetch(
    url: str,
    incoming: Incoming,
    *,
    most_bytes: int,
    allow: Allow,
    resolver: Resolver,
    tls: ssl.SSLContext | None = None,
    patience: Patience = Patience(),
) -> str:
    """What the address answers is in `incoming`, all of it; the name at the address's end, "" if it has none.

    Raises Invalid `bad_url` for an address that is not to be reached, `url_failed` for one that does not answer
    with a file in time; TooLarge; Unavailable `busy`, `storage_full`.
    """
    try:
        async with asyncio.timeout(patience.total):
            return await _follow(url, incoming, most_bytes, allow, resolver, tls or _certificates(), patience)
    except TimeoutError:
        raise _failed(f"The file did not come within {patience.total:g} seconds.") from None
    except NamesBusy:
        raise Unavailable("busy", "The box is busy; try again in a moment.", retry_after=5) from None


async def _follow(
    url: str,
    incoming: Incoming,
    most_bytes: int,
    allow: Allow,
    resolver: Resolver,
    tls: ssl.SSLContext,
    patience: Patience,
) -> str:
    for _ in range(MOST_REDIRECTS + 1):
        target = _target(url, allow)
        addresses = await _addresses(target, allow, resolver, patience)
        async with httpx.AsyncHTTPTransport(verify=tls, http2=False, trust_env=False, retries=0) as transport:
            response = await _answer(transport, target, addresses, patience)
            try:
                where = response.headers.get("location")
                if response.status_code in _REDIRECTS and where:
                    url = urljoin(target.url, where)
                    continue
                await _read(response, incoming, most_bytes)
            finally:
                await response.aclose()
        return unquote(urlsplit(url).path.rpartition("/")[2])
    raise _failed(f"The address leads on more than {MOST_REDIRECTS} times; give the last one.")


def _target(url: str, allow: Allow) -> Target:
    try:
        bare = urldefrag(url).url
        parts = urlsplit(bare)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _bad("A file is fetched from an http or https address, like https://shop.example/bill.pdf.")
        if "@" in parts.netloc:
            raise _bad("Leave name and password out of the address; give one that opens without them.")
        if parts.port == 0:
            raise _bad("Use port 80, 443 or one from 1024 on.")
    except ValueError:
        raise _bad("This is no web address; write it like https://shop.example/bill.pdf.") from None
    try:
        return parse_url(bare, allow)
    except Invalid as wrong:
        raise _bad(wrong.sentence) from None


async def _addresses(target: Target, allow: Allow, resolver: Resolver, patience: Patience) -> Sequence[Address]:
    """The judged addresses of the target. One that is refused refuses all."""
    found: list[Address] = [] if target.address is None else [target.address]
    if target.address is None:
        try:
            async with asyncio.timeout(patience.connect):
                found = [ipaddress.ip_address(one) for one in await resolver(target.host, target.port)]
        except (OSError, ValueError, TimeoutError):
            found = []
    if not found:
        raise _failed(f"The name {target.host} was not found; check its spelling.")
    for address in found:
        reason = judge(address, target.port, host=target.host, allow=allow)
        if reason is not None:
            raise _bad(sentence(reason))
    return found[:MOST_ADDRESSES]


async def _answer(
    transport: httpx.AsyncHTTPTransport, target: Target, addresses: Sequence[Address], patience: Patience
) -> httpx.Response:
    """What the first address that takes a connection answers."""
    extensions: dict[str, object] = {
        "timeout": {"connect": patience.connect, "read": patience.first, "write": patience.first, "pool": 1.0}
    }
    if target.address is None:
        extensions["sni_hostname"] = target.host
    headers = {
        "Host": target.host_header,
        "User-Agent": f"wabox/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    for address in addresses:
        request = httpx.Request("GET", target.url_at(address), headers=headers, extensions=extensions)
        try:
            return await transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise _failed("The machine at the address closed the connection, or did not answer in time.") from None
    raise _failed("The machine at the address took no connection, or its certificate is not valid.")


async def _read(response: httpx.Response, incoming: Incoming, most_bytes: int) -> None:
    if response.status_code != 200:
        raise _failed(f"The address answered {response.status_code}; it must give the file to anybody.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _failed("The address sends the file compressed; give one that does not.")
    incoming.claims = response.headers.get("content-type", "")
    told = response.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:18]) > most_bytes:
        raise too_large(most_bytes)
    incoming.announce(int(told[:18]) if told.isascii() and told.isdigit() else 0)
    try:
        async for chunk in response.stream:  # type: ignore[union-attr]
            await asyncio.to_thread(incoming.write, chunk)
    except (httpx.HTTPError, OSError):
        raise _failed("The file broke off before it was whole; try again.") from None


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _bad(text: str) -> Invalid:
    return Invalid("bad_url", text, details={"media.url": text})


def _failed(text: str) -> Invalid:
    return Invalid("url_failed", text, details={"media.url": text})
