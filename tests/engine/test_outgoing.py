from __future__ import annotations

import asyncio
import functools
import gzip
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wabox.engine import outgoing
from wabox.engine.outgoing import MAX_EXCERPT, MAX_READ, Answer, Patience
from wabox.webhooks import lookups
from wabox.webhooks.targets import Allow, parse_url

BODY = b'{"event":"delivery.sent"}'
post = functools.partial(outgoing.post, resolver=lookups.Names().of(1))
HASTY = Patience(connect=0.3, total=0.3)
OTHER = "for another name than hooks.example"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """A local web server that answers with the very bytes it is told to, and keeps what it got."""

    def __init__(self, answer: bytes | Serve) -> None:
        self.answer = answer
        self.got: list[bytes] = []
        self.port = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            self.got.append(head + await reader.readexactly(length))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @property
    def allow(self) -> Allow:
        return Allow.parse([f"127.0.0.1:{self.port}"])

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook?a=b"


@asynccontextmanager
async def receiving(
    answer: bytes | Serve, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, meet: Serve | None = None
) -> AsyncIterator[Receiver]:
    """meet: whatever it does instead of speaking http; the answer is nothing to it."""
    receiver = Receiver(answer)
    met: set[asyncio.Task[None]] = set()

    def open_door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.add(asyncio.ensure_future((meet or receiver.meet)(reader, writer)))

    server = await asyncio.start_server(open_door, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        if met:
            await asyncio.wait(met, timeout=1)


def ok(body: bytes = b"fine", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


class Names:
    """A resolver that answers one list after another, and counts how often it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback counts as public for what may be read of an answer."""
    monkeypatch.setattr(outgoing, "is_public", lambda address: True)


async def test_the_receiver_gets_the_body_byte_for_byte_and_its_own_host(public: None) -> None:
    async with receiving(ok(b"thanks")) as receiver:
        answer = await post(receiver.url(), {"X-Webhook-Signature": "sha256=00"}, BODY, receiver.allow)
    assert (answer.status, answer.excerpt, answer.error) == (200, "thanks", None)
    head, body = receiver.got[0].split(b"\r\n\r\n")
    assert body == BODY
    assert head.startswith(b"POST /hook?a=b HTTP/1.1")
    assert f"Host: 127.0.0.1:{receiver.port}".encode() in head
    assert b"X-Webhook-Signature: sha256=00" in head
    assert b"Accept-Encoding: identity" in head


async def test_a_name_is_asked_once_and_the_judged_address_is_connected_to() -> None:
    asked = Names(["127.0.0.2"], ["10.0.0.1"])
    async with receiving(ok(), host="127.0.0.2") as receiver:
        answer = await post(receiver.url("rebind.example"), {}, BODY, receiver.allow, resolver=asked)
    assert answer.status == 200
    assert asked.asked == [("rebind.example", receiver.port)]
    assert f"Host: rebind.example:{receiver.port}".encode() in receiver.got[0]


@pytest.mark.parametrize(
    "bad", ["10.0.0.1", "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a00:1", "0.0.0.0"]
)
async def test_one_bad_address_among_good_ones_refuses_all(bad: str) -> None:
    async with receiving(ok()) as receiver:
        answer = await post(
            receiver.url("mixed.example"), {}, BODY, receiver.allow, resolver=Names(["127.0.0.1", bad])
        )
    assert answer.status is None
    assert answer.error is not None
    assert receiver.got == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "①②⑦.⓪.⓪.①",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
    ],
)
async def test_no_notation_reaches_this_machine_unlisted(host: str) -> None:
    """Row 37."""
    async with receiving(ok()) as receiver:
        answer = await post(receiver.url(host), {}, BODY, Allow())
    assert answer.status is None
    assert answer.error is not None
    assert receiver.got == []


async def test_a_second_address_is_tried_when_the_first_takes_no_connection() -> None:
    async with receiving(ok()) as receiver:
        asked = Names(["127.0.0.3", "127.0.0.1"])
        answer = await post(receiver.url("two.example"), {}, BODY, receiver.allow, resolver=asked)
    assert answer.status == 200
    assert len(receiver.got) == 1


async def test_once_sent_no_second_address_is_tried() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with receiving(hang_up) as receiver:
        asked = Names(["127.0.0.1", "127.0.0.1", "127.0.0.1"])
        answer = await post(receiver.url("two.example"), {}, BODY, receiver.allow, resolver=asked)
    assert answer.status is None
    assert answer.error == "The receiver closed the connection without an answer."
    assert len(receiver.got) == 1


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """Row 35."""
    async with receiving(ok(b"elsewhere")) as other:
        moved = b"HTTP/1.1 307 Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % other.url().encode()
        async with receiving(moved) as receiver:
            allow = Allow.parse([f"127.0.0.1:{receiver.port}", f"127.0.0.1:{other.port}"])
            answer = await post(receiver.url(), {}, BODY, allow)
    assert answer.status == 307
    assert answer.error is not None
    assert answer.error.startswith(f"The receiver redirects to {other.url()}, and a webhook is not redirected")
    assert other.got == []


async def test_where_a_machine_of_an_opened_network_redirects_to_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The owner opened a network, and its users shall not read in it."""
    async with receiving(b"HTTP/1.1 302 Found\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n") as receiver:
        monkeypatch.setattr(outgoing, "judge", lambda *_args, **_kwargs: None)
        monkeypatch.setattr(outgoing, "parse_url", lambda url, _allow: parse_url(url, receiver.allow))
        answer = await post(receiver.url(), {}, BODY, Allow.parse(["10.0.0.0/8"]))
    assert (
        answer.error == "The receiver redirects elsewhere, and a webhook is not redirected; set the final address."
    )


async def test_a_public_redirect_says_where(public: None) -> None:
    place = b"https://www.shop.example/hook" + b"x" * 400
    async with receiving(
        b"HTTP/1.1 301 Moved\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n"
    ) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert answer.error is not None
    assert answer.error.startswith("The receiver redirects to https://www.shop.example/hook")
    assert len(answer.error) < 320


async def test_what_is_gone_says_so() -> None:
    async with receiving(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n") as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert (answer.status, "not tried again" in (answer.error or "")) == (410, True)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"120", 120),
        (b"0", 0),
        (b"999999", 3_600),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 0),
        (b"Sun, 06 Nov 2094 08:49:37 GMT", 3_600),
        (b"soon", None),
        (b"-5", None),
        (b"", None),
    ],
)
async def test_retry_after_is_understood(said: bytes, seconds: int | None) -> None:
    answered = b"HTTP/1.1 503 Busy\r\nRetry-After: " + said + b"\r\nContent-Length: 0\r\n\r\n"
    async with receiving(answered) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert (answer.status, answer.error, answer.retry_after) == (503, None, seconds)


async def test_a_huge_body_is_read_no_further_than_the_limit(public: None) -> None:
    """Row 36."""
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while written < 500 * MAX_READ:
            writer.write(b"x" * MAX_READ)
            await writer.drain()
            written += MAX_READ

    async with receiving(flood) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert (answer.status, answer.error) == (200, None)
    assert answer.excerpt == "x" * MAX_EXCERPT
    assert written < 500 * MAX_READ


async def test_a_compressed_answer_is_not_opened(public: None) -> None:
    """Row 36: nothing is unpacked."""
    bomb = gzip.compress(b"\0" * 10_000_000)
    async with receiving(ok(bomb, b"Content-Encoding: gzip")) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert (answer.status, answer.excerpt) == (200, "")


async def test_a_status_counts_even_if_its_body_never_ends(public: None) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 202 Accepted\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with receiving(trickle) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow, patience=HASTY)
    assert (answer.status, answer.error) == (202, None)
    assert set(answer.excerpt) == {"."}
    assert 250 <= answer.duration_ms < 2_000


async def test_headers_that_trickle_for_ever_are_no_answer() -> None:
    """Row 34: a byte now and then."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with receiving(trickle) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow, patience=HASTY)
    assert answer.status is None
    assert answer.error == "The receiver did not answer within 0.3 seconds."
    assert answer.duration_ms < 2_000


async def test_a_name_that_never_resolves_is_given_up() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    patience = Patience(connect=0.05, total=5)
    answer = await post("https://slow.example/", {}, BODY, Allow(), resolver=never, patience=patience)
    assert answer.error == "The name slow.example was not found; check its spelling and this machine's DNS."


@pytest.mark.parametrize("found", [[], ["no address"]])
async def test_a_name_without_an_address_is_an_answer(found: list[str]) -> None:
    answer = await post("https://gone.example/", {}, BODY, Allow(), resolver=Names(found))
    assert answer.status is None
    assert "gone.example was not found" in str(answer.error)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x00\x05",
    ],
)
async def test_an_answer_that_is_no_http_is_no_answer(garbage: bytes) -> None:
    async with receiving(garbage) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert answer.status is None
    assert answer.error is not None


async def test_a_body_cut_short_leaves_the_status(public: None) -> None:
    async with receiving(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort") as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert (answer.status, answer.excerpt) == (200, "short")


async def test_a_closed_port_is_an_answer() -> None:
    async with receiving(ok()) as receiver:
        pass
    answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert answer.error == "The receiver's machine refused the connection; check that it runs."


async def test_the_shops_network_is_not_read_through_a_webhook() -> None:
    async with receiving(ok(b"router password: 1234")) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert (answer.status, answer.excerpt) == (200, "")


async def test_control_characters_of_an_answer_are_not_kept(public: None) -> None:
    async with receiving(ok(b"a\0b\x1b[31m\nc\xff")) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert answer.excerpt == "a b [31m\nc\ufffd"


async def test_proxies_of_the_environment_play_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving(ok()) as proxy, receiving(ok()) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert answer.status == 200
    assert (len(proxy.got), len(receiver.got)) == (0, 1)


async def test_a_header_that_breaks_the_line_is_an_answer() -> None:
    async with receiving(ok()) as receiver:
        answer = await post(receiver.url(), {"X-A": "1\r\nX-B: 2"}, BODY, receiver.allow)
    assert answer.status is None
    assert receiver.got == []


async def test_what_is_no_address_is_an_answer() -> None:
    answer = await post("gopher://x", {}, BODY, Allow())
    assert isinstance(answer, Answer)
    assert answer.error is not None


@pytest.mark.parametrize(
    ("host", "trust", "status"),
    [
        ("hooks.example", "its certificate", 200),
        ("127.0.0.1", "its certificate", 200),
        ("other.example", "its certificate", None),
        ("hooks.example", "the usual ones", None),
    ],
)
async def test_the_certificate_must_be_for_the_name_in_the_address(
    tmp_path: Path, host: str, trust: str, status: int | None
) -> None:
    certificate = self_signed(tmp_path, "hooks.example", "127.0.0.1")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    asked: list[str | None] = []
    serving.sni_callback = lambda _connection, name, _context: asked.append(name)
    tls = ssl.create_default_context(cafile=str(certificate)) if trust == "its certificate" else None
    async with receiving(ok(), tls=serving) as receiver:
        url = receiver.url(host, scheme="https")
        dns = Names(["127.0.0.1"])
        answer = await post(url, {}, BODY, receiver.allow, resolver=dns, tls=tls)
    assert answer.status == status
    assert set(asked) == {None if host == "127.0.0.1" else host}, "also at the second look"
    if status is None:
        assert answer.error is not None
        assert (
            "for another name than other.example" if host == "other.example" else "self-signed"
        ) in answer.error


async def test_an_expired_certificate_is_called_so(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "hooks.example", "127.0.0.1", ends=timedelta(hours=-1))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    tls = ssl.create_default_context(cafile=str(certificate))
    async with receiving(ok(), tls=serving) as receiver:
        answer = await post(receiver.url(scheme="https"), {}, BODY, receiver.allow, tls=tls)
    assert answer.error == "The receiver's certificate has expired; renew it."


@pytest.mark.parametrize("like", ["openssl", "nginx", "go", "apache"])
async def test_a_port_that_speaks_tls_is_named_when_it_is_spoken_to_in_plain(
    tmp_path: Path, like: str, public: None
) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(self_signed(tmp_path, "hooks.example", "127.0.0.1"))
    said = {
        "go": b"Client sent an HTTP request to an HTTPS server.\n",
        "apache": b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    }.get(like, b"<h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port")
    nginx = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(said) + said
    async with receiving(nginx, tls=serving if like == "openssl" else None) as receiver:
        answer = await post(receiver.url(), {}, BODY, receiver.allow)
    assert answer.error == "The receiver speaks https on this port; write the address with https://."


async def _says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _hangs_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _scolds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("like", [_says_nothing, _hangs_up, _scolds])
async def test_https_on_a_plain_port_says_so(like: Serve) -> None:
    async with receiving(b"", meet=like) as receiver:
        answer = await post(receiver.url(scheme="https"), {}, BODY, receiver.allow, patience=HASTY)
    assert answer.status is None
    assert answer.error is not None
    assert "not speak https" in answer.error and answer.error.endswith("or write http://.")


@pytest.mark.parametrize(
    ("names", "ends", "wrong"),
    [
        (["hooks.example"], timedelta(days=1), ["self-signed"]),
        (["hooks.example"], timedelta(hours=-1), ["has expired", "self-signed"]),
        (["*.hooks.example", "hooks.example"], timedelta(days=1), ["self-signed"]),
        (["*.hooks.example"], timedelta(days=1), [OTHER, "self-signed"]),
        (["other.example"], timedelta(hours=-1), ["has expired", OTHER, "self-signed"]),
        (["127.0.0.1"], timedelta(days=1), [OTHER, "self-signed"]),
    ],
)
async def test_all_that_is_wrong_with_a_certificate_is_said(
    tmp_path: Path, names: list[str], ends: timedelta, wrong: list[str]
) -> None:
    """OpenSSL stops at the first fault; who mends that would meet the next one."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(self_signed(tmp_path, *names, ends=ends))
    async with receiving(ok(), tls=serving) as receiver:
        dns = Names(["127.0.0.1"])
        url = receiver.url("hooks.example", scheme="https")
        answer = await post(url, {}, BODY, receiver.allow, resolver=dns)
    assert answer.status is None and answer.error is not None
    assert re.findall("self-signed|has expired|for another name than hooks.example", answer.error) == wrong
    assert receiver.got == []


async def test_a_name_that_nobody_could_look_up_is_no_answer() -> None:
    async def busy(host: str, port: int) -> Sequence[str]:
        raise lookups.NamesBusy

    with pytest.raises(lookups.NamesBusy):
        await post("https://shop.example/", {}, BODY, Allow(), resolver=busy)


def self_signed(folder: Path, *hosts: str, ends: timedelta = timedelta(days=1)) -> Path:
    """A key and a certificate for all of them, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
    names = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host) for host in hosts]
    )
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + ends)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
