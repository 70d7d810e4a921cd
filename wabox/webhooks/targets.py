"""Which addresses a webhook may reach: the address decides, never the text that led to it.

It opens no connection and asks no resolver; `engine.outgoing` connects only to addresses judged here.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal, NoReturn
from urllib.parse import SplitResult, quote, urlsplit

import idna

from wabox.errors import ConfigError, Invalid
from wabox.languages import later
from wabox.webhooks import here

MAX_URL = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address
Refused = Literal["loopback", "private", "link_local", "metadata", "multicast", "reserved", "translated", "port"]

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_FORBIDDEN = re.compile("[\\s\\\\\\x00-\\x20\\x7f\ud800-\udfff]")

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER: tuple[tuple[Refused, tuple[str, ...]], ...] = (
    # what clouds tell their own machines; some of these look public or private
    ("metadata", ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")),
    ("link_local", ("169.254.0.0/16", "fe80::/10", "fec0::/10")),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("reserved", ("0.0.0.0/8", "240.0.0.0/4", "::/128", "100::/64", "5f00::/16")),
    # an IPv4 address in IPv6 clothes: 4-in-6, local NAT64, Teredo, 6to4
    ("translated", ("::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")),
)
_NEVER_NETWORKS = tuple(
    (reason, ipaddress.ip_network(network)) for reason, networks in _NEVER for network in networks
)
_COMPATIBLE = ipaddress.ip_network("::/96")
_GLOBAL_V6 = ipaddress.ip_network("2000::/3")
# ipaddress.is_global differs between Python versions, and calls some of these global.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in [
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    ]
)

_SENTENCES = {
    "loopback": later("This address is the box itself; the box's owner can list host:port in [webhooks] allow."),
    "private": later(
        "This address is in a private network; the box's owner can open it for webhooks in Settings, or list it "
        "in [webhooks] allow."
    ),
    "link_local": later("This address belongs to one network cable only; use another."),
    "metadata": later("This address is reserved by cloud providers; use another."),
    "multicast": later("This address stands for many machines; use that of one."),
    "reserved": later("This address belongs to nobody; use another."),
    "translated": later("This address hides an IPv4 address; use that one itself."),
    "port": later("Use port 80, 443 or one from 1024 on."),
}


@dataclass(frozen=True, slots=True)
class Allow:
    """What the box's owner opened beyond public addresses: `[webhooks] allow`.

    hosts: (name or address, port), each for that port only. loopback_ports: of this machine. own_port: where
    wabox itself listens, which stays closed even when listed. opened: hosts that the owner opened besides,
    wherever they lead within `within`.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[tuple[str, int]] = frozenset()
    loopback_ports: frozenset[int] = frozenset()
    own_port: int | None = None
    opened: frozenset[tuple[str, int]] = frozenset()
    within: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str], *, own_port: int | None = None) -> Allow:
        """The list as wabox.toml spells it: networks and host:port. Raises ConfigError in one sentence."""
        networks: list[IPv4Network | IPv6Network] = []
        hosts: set[tuple[str, int]] = set()
        for entry in entries:
            network = _network(entry)
            if network is None:
                hosts.add(_host_and_port(entry))
            else:
                networks.append(network)
        loopback = frozenset(port for host, port in hosts if _is_loopback(host))
        return cls(tuple(networks), frozenset(hosts), loopback, own_port)

    def lists(self, host: str, address: Address, port: int) -> bool:
        """Whether this very machine and port was listed, by name or address, and not only its network."""
        plain = _unwrapped(address)
        own = plain.is_loopback and port in self.loopback_ports
        return own or (host, port) in self.hosts or (str(plain), port) in self.hosts

    def opens(self, host: str, address: Address, port: int) -> bool:
        """Whether the owner opened this machine and port besides, and it is where that may lead."""
        plain = _unwrapped(address)
        told = (host, port) in self.opened or (str(plain), port) in self.opened
        return told and any(plain in network for network in self.within)

    def lists_port(self, port: int) -> bool:
        """Whether any host was listed or opened with this port."""
        return any(port == listed for _, listed in (*self.hosts, *self.opened))

    def spelled(self) -> list[str]:
        """Networks and hosts as wabox.toml spells them."""
        bracketed = ((f"[{host}]" if ":" in host else host, port) for host, port in sorted(self.hosts))
        return [*(str(one) for one in self.networks), *(f"{host}:{port}" for host, port in bracketed)]


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody's posts may reach, as it is written: in the file, and by page or API within its bound."""

    file: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    page: tuple[str, ...] = ()
    own_port: int | None = None

    def with_page(self, entries: Iterable[str]) -> Reach:
        """With what was opened, as far as the file still bounds it."""
        return replace(self, page=tuple(one for one in entries if self.bounds(one)))

    def bounds(self, entry: str) -> bool:
        """Whether the entry may be opened: a network or an address within; a name may lead anywhere, so it may."""
        read, within = Allow.parse([entry]), _networks(self.within)
        found = [*read.networks, *(address for host, _ in read.hosts if (address := _literal(host)) is not None)]
        return bool(within) and all(_lies_in(one, within) for one in found)

    def allow(self) -> Allow:
        """The same, to judge addresses by."""
        return _allow(self)


@functools.lru_cache(maxsize=256)
def _allow(reach: Reach) -> Allow:
    made, page = Allow.parse(reach.file, own_port=reach.own_port), Allow.parse(reach.page)
    networks = (*made.networks, *page.networks)
    return replace(made, networks=networks, opened=page.hosts, within=_networks(reach.within))


def _networks(entries: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in entries)


def _lies_in(one: Address | IPv4Network | IPv6Network, within: Iterable[IPv4Network | IPv6Network]) -> bool:
    inner = ipaddress.ip_network(one)
    return any(inner.version == outer.version and inner[0] in outer and inner[-1] in outer for outer in within)


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address in its parts. host: lower-case ASCII or an address without brackets.

    address: set where the host is one. path: with the query, percent-encoded.
    """

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def host_header(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as it is stored and shown."""
        return f"{self.scheme}://{self.host_header}{self.path}"

    def url_at(self, address: Address) -> str:
        """The same place, reached at this very address."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse_url(url: str, allow: Allow) -> Target:
    """The parts of a webhook's address. Raises Invalid `bad_webhook_url` with details of `webhook_url`.

    An address written as one, in whatever notation (2130706433, 0x7f.1, circled digits), is judged at once, and so
    is every name of this machine; another name when it is resolved. Source: wabox/docs/contract.md#webhooks.
    """
    if len(url) > MAX_URL:
        _refuse(later("The address is longer than 2,000 characters; use a shorter one."))
    if _FORBIDDEN.search(url):
        _refuse(later("The address holds a space, a backslash or an invisible character; take it out."))
    parts, port = _split(url)
    host = _host(parts.hostname or "")
    address = _literal(host)
    if address is not None:
        host = str(address)
    elif _is_loopback(host) and (port not in allow.loopback_ports or port == allow.own_port):
        _refuse(_SENTENCES["loopback"])
    if address is not None and (reason := judge(address, port, host=host, allow=allow)) is not None:
        _refuse(_SENTENCES[reason])
    if not _port_is_open(port) and not allow.lists_port(port):
        _refuse(_SENTENCES["port"])
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return Target(scheme, host, port, path + query, address)


def judge(address: Address, port: int, *, host: str, allow: Allow) -> Refused | None:
    """Why a connection to this address is refused, None if it is fine.

    host: as `Target.host`, for entries that list it by name. Link-local, metadata, multicast, reserved and
    translated addresses stay closed whatever is listed; loopback opens by host:port only.
    """
    plain = _unwrapped(address)
    never = _never(plain)
    if never is not None:
        return never
    if plain.is_loopback:
        return None if port in allow.loopback_ports and port != allow.own_port else "loopback"
    listed = allow.lists(host, address, port) or allow.opens(host, address, port)
    if not listed and not _port_is_open(port):
        return "port"
    if listed or any(plain in network for network in allow.networks) or is_public(plain):
        return None
    return "private"


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could own this address."""
    plain = _unwrapped(address)
    if _never(plain) is not None or any(plain in network for network in _NOT_PUBLIC):
        return False
    return plain.is_global and (plain.version == 4 or plain in _GLOBAL_V6 or plain in _NAT64)


def sentence(reason: Refused) -> str:
    """What a person is told when this address is refused, and what to do."""
    return _SENTENCES[reason]


def _unwrapped(address: Address) -> Address:
    """Without a zone, and as IPv4 where the system would connect by IPv4."""
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def _never(address: Address) -> Refused | None:
    for reason, network in _NEVER_NETWORKS:
        if address in network:
            return reason
    if address in _NAT64:
        return None if is_public(IPv4Address(int(address) & 0xFFFFFFFF)) else "translated"
    if address in _COMPATIBLE and not address.is_loopback:
        return "translated"
    return None


def _port_is_open(port: int) -> bool:
    return port in (80, 443) or port >= 1024


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        _refuse(later("This is no web address; write it like https://shop.example/wabox."))
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        _refuse(later("A webhook goes to an http or https address; write it like https://shop.example/wabox."))
    if "%" in parts.netloc or ("[" in parts.netloc) != (":" in parts.hostname):
        _refuse(later("The host name is not a valid one; write it like shop.example."))
    if "@" in parts.netloc:
        _refuse(later("Leave name and password out of the address; check the signature instead."))
    if "#" in url:
        _refuse(later("Leave the part from # on out of the address; it is never sent."))
    return parts, DEFAULT_PORTS[parts.scheme] if port is None else port


def _host(written: str) -> str:
    """The host in lower-case ASCII. Raises Invalid."""
    if ":" in written:
        return written
    try:
        host = written if written.isascii() else idna.encode(written, uts46=True).decode("ascii")
    except UnicodeError:
        host = ""
    host = host.lower().removesuffix(".")
    if len(host) > 253 or not _HOST.fullmatch(host):
        _refuse(later("The host name is not a valid one; write it like shop.example."))
    return host


def _literal(host: str) -> Address | None:
    """The address that the host spells, also in the notations the system's resolver takes for one."""
    try:
        if ":" in host:
            return IPv6Address(host)
        return IPv4Address(socket.inet_aton(host))
    except ValueError:
        _refuse(later("The address in brackets is not a valid one."))
    except OSError:
        return None


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    """The entry as a network, None if it names a port. Raises ConfigError."""
    try:
        network = ipaddress.ip_network(entry)
    except ValueError:
        if "/" in entry:
            raise ConfigError(
                f'[webhooks] allow has "{entry}", but a network is written like "192.168.1.0/24".'
            ) from None
        return None
    if network.is_loopback:
        raise ConfigError(
            f'[webhooks] allow has "{entry}", but this machine is opened by port only, like "127.0.0.1:9000".'
        )
    if _never(network.network_address) is not None and network.prefixlen > 0:
        raise ConfigError(f'[webhooks] allow has "{entry}", but these addresses can never be targets.')
    return network


def _host_and_port(entry: str) -> tuple[str, int]:
    wrong = ConfigError(
        f'[webhooks] allow has "{entry}", but it must be a network like "192.168.1.0/24" or host:port like '
        '"192.168.1.20:8080".'
    )
    host, colon, port = entry.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise wrong
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed != (":" in host):
        raise wrong
    try:
        name = _host(host.strip("[]"))
        address = _literal(name)
    except Invalid:
        raise wrong from None
    return (name if address is None else str(_unwrapped(address))), int(port)


def _is_loopback(host: str) -> bool:
    if here.names(host):
        return True
    address = _literal(host)
    return address is not None and address.is_loopback


def _refuse(sentence: str) -> NoReturn:
    raise Invalid("bad_webhook_url", sentence, details={"webhook_url": sentence})
