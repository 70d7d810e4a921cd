from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from wabox.errors import ConfigError, Invalid
from wabox.webhooks import here
from wabox.webhooks.targets import Allow, Refused, is_public, judge, parse_url, sentence

NOBODY = Allow()
LAN = Allow.parse(["192.168.1.0/24", "fd12::/16", "10.0.0.5:8080", "till.lan:81", "127.0.0.1:9000", "[::1]:9001"])


def judged(address: str, port: int = 443, host: str = "shop.example", allow: Allow = NOBODY) -> Refused | None:
    return judge(ipaddress.ip_address(address), port, host=host, allow=allow)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_open(address: str) -> None:
    assert judged(address) is None
    assert is_public(ipaddress.ip_address(address))


CLOSED: list[tuple[str, Refused]] = [
    ("127.0.0.1", "loopback"),
    ("127.9.9.9", "loopback"),
    ("::1", "loopback"),
    ("::ffff:127.0.0.1", "loopback"),
    ("10.1.2.3", "private"),
    ("172.16.0.1", "private"),
    ("192.168.1.7", "private"),
    ("100.64.0.1", "private"),
    ("192.0.0.8", "private"),
    ("192.88.99.1", "private"),
    ("198.18.0.1", "private"),
    ("203.0.113.5", "private"),
    ("fd12::7", "private"),
    ("2001:db8::1", "private"),
    ("3fff::1", "private"),
    ("4000::1", "private"),
    ("::ffff:192.168.1.7", "private"),
    ("169.254.1.1", "link_local"),
    ("fe80::1", "link_local"),
    ("fe80::1%eth0", "link_local"),
    ("fec0::1", "link_local"),
    ("169.254.169.254", "metadata"),
    ("::ffff:169.254.169.254", "metadata"),
    ("fd00:ec2::254", "metadata"),
    ("100.100.100.200", "metadata"),
    ("168.63.129.16", "metadata"),
    ("224.0.0.1", "multicast"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    ("0.0.0.0", "reserved"),
    ("0.1.2.3", "reserved"),
    ("::", "reserved"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "reserved"),
    ("100::1", "reserved"),
    ("64:ff9b::7f00:1", "translated"),
    ("64:ff9b::c0a8:107", "translated"),
    ("64:ff9b::a9fe:a9fe", "translated"),
    ("64:ff9b:1::808:808", "translated"),
    ("2002:7f00:1::", "translated"),
    ("2002:808:808::", "translated"),
    ("2001::1", "translated"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "translated"),
    ("::127.0.0.1", "translated"),
    ("::8.8.8.8", "translated"),
    ("::ffff:0:127.0.0.1", "translated"),
]


@pytest.mark.parametrize(("address", "reason"), CLOSED)
def test_addresses_that_are_not_everybodys_are_closed(address: str, reason: Refused) -> None:
    assert judged(address) == reason
    assert not is_public(ipaddress.ip_address(address))
    assert sentence(reason).endswith(".")


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "LOCALHOST",
            "localhost.",
            "hooks.localhost",
            "a.b.localhost.",
            "ip6-localhost",
            "IP6-Loopback",
        ),
        *("localhost.localdomain", "localhost6", "localhost6.localdomain6", "ｌｏｃａｌｈｏｓｔ"),
    ],
)
def test_a_name_of_this_machine_is_refused_when_it_is_set(host: str) -> None:
    with pytest.raises(Invalid, match="the box itself"):
        parse_url(f"http://{host}:9000/hook", Allow())
    listed = Allow.parse(["localhost:9000"], own_port=8470)
    assert parse_url(f"http://{host}:9000/hook", listed).port == 9000
    for port in (9001, 8470):
        with pytest.raises(Invalid, match="the box itself"):
            parse_url(
                f"http://{host}:{port}/hook", Allow.parse(["localhost:9000", "localhost:8470"], own_port=8470)
            )


def test_the_machines_own_name_is_refused_when_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with a domain may be its public name, and is judged when it is resolved."""
    monkeypatch.setattr("socket.gethostname", lambda: "Till")
    for host in ("till", "TILL", "till."):
        with pytest.raises(Invalid, match="the box itself"):
            parse_url(f"http://{host}:9000/hook", Allow())
        assert parse_url(f"http://{host}:9000/hook", Allow.parse(["till:9000"])).port == 9000
    assert parse_url("http://till2:9000/hook", Allow()).host == "till2"
    monkeypatch.setattr("socket.gethostname", lambda: "shop.example")
    assert parse_url("https://shop.example/hook", Allow()).host == "shop.example"


def test_a_name_that_the_table_of_hosts_gives_this_machine_is_refused_when_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "hosts"
    monkeypatch.setattr(here, "HOSTS", table)
    assert parse_url("http://till.shop.example:9000/", Allow()).host == "till.shop.example"
    table.write_text(
        "127.0.1.1\tTill.Shop.example. till # box\n::1 six\n10.0.0.9 printer # 127.0.0.1 no\nnonsense\n"
    )
    for host in ("till.shop.example", "till.", "SIX"):
        with pytest.raises(Invalid, match="the box itself"):
            parse_url(f"http://{host}:9000/hook", Allow())
        assert parse_url(f"http://{host}:9000/hook", Allow.parse(["127.0.0.1:9000"])).port == 9000
    for host in ("printer", "box", "no", "till.shop"):
        assert parse_url(f"http://{host}:9000/hook", Allow()).host == host
    table.write_bytes(b"127.0.0.1 printer\n\xff\n")
    assert parse_url("http://printer:9000/hook", Allow()).host == "printer", "what cannot be read says nothing"


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "mylocalhost.shop.example"])
def test_a_name_that_only_sounds_so_is_not(host: str) -> None:
    assert parse_url(f"https://{host}/hook", Allow()).host == host


@pytest.mark.parametrize(
    ("address", "reason"), [case for case in CLOSED if case[1] not in ("private", "loopback")]
)
def test_no_list_opens_what_is_never_a_target(address: str, reason: Refused) -> None:
    everything = Allow.parse(["0.0.0.0/0", "::/0", "shop.example:443"])
    assert judged(address, allow=everything) == reason


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_network_never_opens_this_machine(address: str) -> None:
    assert judged(address, 9000, allow=Allow.parse(["0.0.0.0/0", "::/0"])) == "loopback"


@pytest.mark.parametrize(
    ("address", "port", "host", "reason"),
    [
        ("192.168.1.7", 80, "192.168.1.7", None),
        ("192.168.1.7", 8443, "till", None),
        ("192.168.1.7", 22, "till", "port"),
        ("::ffff:192.168.1.7", 80, "till", None),
        ("64:ff9b::c0a8:107", 80, "till", "translated"),
        ("192.168.2.7", 80, "till", "private"),
        ("fd12::9", 443, "till", None),
        ("10.0.0.5", 8080, "anything", None),
        ("10.0.0.5", 8081, "anything", "private"),
        ("10.0.0.6", 81, "till.lan", None),
        ("10.0.0.6", 82, "till.lan", "port"),
        ("10.0.0.6", 8081, "till.lan", "private"),
        ("127.0.0.1", 81, "till.lan", "loopback"),
        ("169.254.169.254", 81, "till.lan", "metadata"),
        ("127.0.0.1", 9000, "127.0.0.1", None),
        ("::1", 9000, "localhost", None),
        ("127.0.0.1", 9001, "localhost", None),
        ("127.0.0.1", 9002, "127.0.0.1", "loopback"),
        ("8.8.8.8", 22, "shop.example", "port"),
        ("8.8.8.8", 1023, "shop.example", "port"),
        ("8.8.8.8", 1024, "shop.example", None),
    ],
)
def test_the_owner_opens_networks_and_single_ports(
    address: str, port: int, host: str, reason: Refused | None
) -> None:
    assert judged(address, port, host, LAN) == reason


def test_waboxs_own_port_stays_closed_even_when_listed() -> None:
    allow = Allow.parse(["127.0.0.1:8470", "127.0.0.1:9000"], own_port=8470)
    assert judged("127.0.0.1", 8470, allow=allow) == "loopback"
    assert judged("127.0.0.1", 9000, allow=allow) is None


@pytest.mark.parametrize(
    "entry",
    [
        "127.0.0.1",
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "169.254.169.254/32",
        "fe80::/10",
        "224.0.0.0/4",
        "192.168.1.0/33",
        "192.168.1.7/24",
        "till.lan",
        "till.lan:",
        "till.lan:0",
        "till.lan:65536",
        "till.lan:http",
        ":80",
        "::1:9000",
        "[till]:80",
        "bad name:80",
        "",
    ],
)
def test_an_entry_that_opens_nothing_safe_stops_the_start(entry: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Allow.parse([entry])
    assert f'"{entry}"' in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example/wabox", "https://shop.example/wabox"),
        ("HTTPS://Shop.Example", "https://shop.example/"),
        ("https://shop.example:443/a?b=c&d=%20e", "https://shop.example/a?b=c&d=%20e"),
        ("http://shop.example:8080/", "http://shop.example:8080/"),
        ("https://দোকান.example/পথ", "https://xn--p5b7ah1gxc.example/%E0%A6%AA%E0%A6%A5"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://shop.example./", "https://shop.example/"),
        ("http://[2606:4700:4700:0::1111]:8080/x", "http://[2606:4700:4700::1111]:8080/x"),
        ("http://134744072/", "http://8.8.8.8/"),
        ("https://my_till.example?x", "https://my_till.example/?x"),
    ],
)
def test_an_address_is_kept_in_its_plain_form(url: str, shown: str) -> None:
    target = parse_url(url, NOBODY)
    assert target.url == shown
    assert parse_url(shown, NOBODY) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/wabox",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://@shop.example/",
        "https://shop.example/#part",
        "https://shop.example/#",
        "https://shop.example:0/",
        "https://shop.example:22/",
        "https://shop.example:65536/",
        "https://shop.example:x/",
        "https://shop.example\\@127.0.0.1/",
        "https://shop.example /",
        " https://shop.example/",
        "https://shop.example/\r\nX-Evil: 1",
        "https://shop.example/\0",
        "https://shop.example/\ud800",
        "https://-shop.example/",
        "https://shop..example/",
        "https://sh%6fp.example/",
        "https://" + "a" * 64 + ".example/",
        "https://[::1/",
        "https://[::1%25lo]/",
        "https://[v1.x]/",
        "https://[2606:4700::1%25eth0]/",
        "https://[2606:4700::1%eth0]/",
        "https://shop.example/" + "x" * 2_000,
    ],
)
def test_what_is_no_webhook_address_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_url(url, NOBODY)
    assert refused.value.code == "bad_webhook_url"
    assert refused.value.details == {"webhook_url": refused.value.sentence}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "127。0。0。1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::]",
        "0",
        "0.0.0.0",
        "169.254.169.254",
        "0xa9fea9fe",
        "192.168.1.1",
        "3232235777",
    ],
)
def test_no_notation_hides_an_address_that_is_closed(host: str) -> None:
    """Row 37."""
    with pytest.raises(Invalid):
        parse_url(f"http://{host}:8080/", NOBODY)


def test_a_listed_address_is_accepted_in_every_notation() -> None:
    for host in ("127.0.0.1", "127.1", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
        assert parse_url(f"http://{host}:9000/hook", LAN).port == 9000
    assert parse_url("http://till.lan:81/", LAN).host_header == "till.lan:81"


@settings(max_examples=tries(2_000), deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(st.sampled_from("htps:/.[]@#?%①0x127。-_\\ "), max_size=40)))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"http://shop.example{text}"):
        try:
            target = parse_url(url, NOBODY)
        except Invalid:
            continue
        assert target.url.isascii()
        assert parse_url(target.url, NOBODY).host == target.host
        assert target.address is None or is_public(target.address)


@settings(max_examples=tries(2_000), deadline=None)
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_no_private_address_of_the_library_is_public_here(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if address.is_private or address.is_multicast or address.is_link_local or address.is_loopback:
        mapped = address.ipv4_mapped if address.version == 6 else None
        assert not is_public(address) or (mapped is not None and is_public(mapped))
