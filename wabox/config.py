"""Knows wabox.toml: every key, its default, its meaning, and what a wrong value is told."""

from __future__ import annotations

import functools
import ipaddress
import tomllib
import zoneinfo
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wabox import config_values as values
from wabox import languages
from wabox.errors import ConfigError
from wabox.whatsapp import patches

NIGHT = (2, 5)  # from which hour to which idle pages are renewed


def _key(default: Any, check: values.Check, doc: str) -> Any:
    return field(default=default, metadata={"check": check, "doc": doc})


@dataclass(frozen=True, slots=True)
class Server:
    """Where the dashboard and the API listen."""

    host: str = _key(
        "127.0.0.1",
        values.text,
        "Address to listen on. Another than loopback needs an owner with a password.",
    )
    port: int = _key(8470, values.integer(1, 65_535), "Port to listen on.")
    public_url: str | None = _key(
        None,
        values.optional_url,
        'The address people use, if a proxy stands in front; for links and the API page. "" = host and port.',
    )
    trusted_proxies: tuple[str, ...] = _key(
        (), values.proxies, "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    plain_http_beyond_loopback: bool = _key(
        False,
        values.boolean,
        "Serve other machines without encryption: whoever sits between reads passwords and API keys. Not needed "
        "behind a proxy with TLS, if trusted_proxies and a public_url with https name it.",
    )

    @property
    def is_encrypted(self) -> bool:
        """Whether people come by https: through a trusted proxy, at a public_url that says so."""
        return bool(self.trusted_proxies) and (self.public_url or "").startswith("https://")


@dataclass(frozen=True, slots=True)
class Data:
    """Where wabox keeps everything."""

    dir: Path = _key(
        Path("data"),
        lambda value: Path(values.text(value)),
        "Directory of everything wabox stores; relative to this file.",
    )
    keep_messages_days: int = _key(
        365,
        values.integer(0, 36_500),
        "Days a finished message is kept in the log. 0 = until database_megabytes asks for room.",
    )
    keep_webhook_days: int = _key(
        30, values.integer(1, 3_650), "Days a finished webhook delivery is kept in the log."
    )
    keep_inbox_days: int = _key(
        365,
        values.integer(0, 36_500),
        "Days a text from somebody is kept; at least 90. Consent and STOP stay. 0 = until database_megabytes asks "
        "for room.",
    )
    keep_import_days: int = _key(
        180,
        values.integer(0, 36_500),
        "Days an import and the rows it refused are kept after it ended; the contacts stay. 0 = until "
        "database_megabytes asks for room.",
    )
    keep_audit_days: int = _key(
        730,
        values.integer(0, 36_500),
        "Days the record of who did what is kept. Invoices and payments stay. 0 = until database_megabytes asks "
        "for room.",
    )
    keep_receipt_days: int = _key(
        365, values.integer(0, 36_500), "Days a payment's picture is kept after its decision. 0 = for ever."
    )
    database_megabytes: int = _key(
        4_096,
        values.integer(0, 10_000_000),
        "What the database may take of the disk, in megabytes. At that, the oldest of what is settled makes room, "
        "in this order: deliveries over 7 days, imports over 30, mails over 7, messages over 30, texts from "
        "people over 90, the record of who did what over 180. 0 = as much as it likes.",
    )
    receipt_megabytes: int = _key(
        1_024,
        values.integer(0, 1_000_000),
        "What the pictures of payments may take of the disk, in megabytes. At that, the oldest of those decided "
        "over 30 days ago go. 0 = as much as they like.",
    )
    external_checkpoints: bool = _key(
        False,
        values.boolean,
        "Leave the journal of the database to Litestream, which must run then. Over 256 MB wabox steps in.",
    )
    keep_ip_days: int = _key(
        180,
        values.integer(1, 3_650),
        "Days an address is kept with what was done from it; then the address alone goes.",
    )


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """The site wabox drives, and the browser it drives it with."""

    url: str = _key("https://web.whatsapp.com", values.url, "The site. A sandbox has an address of its own.")
    chromium: str | None = _key(
        None, values.optional_text, 'Path of the browser. "" = look for chromium on this machine.'
    )
    renew_at_night: bool = _key(
        True,
        values.boolean,
        "Open each linked page anew between 2 and 5 at night, in a minute without work: it grows while open.",
    )
    page_memory_mb: int = _key(
        900,
        values.integer(0, 65_536),
        "Open a page anew, by day too, when its browser takes more than so many megabytes. 0 = never.",
    )
    service_workers: bool = _key(
        True,
        values.boolean,
        "Let the site use service workers. Without them WhatsApp Web was seen to fail; with them nothing was.",
    )


@dataclass(frozen=True, slots=True)
class Engine:
    """wa-js, the script through which the page is asked, and our own mends beside it."""

    patches_off: tuple[str, ...] = _key(
        (),
        values.some_of(*patches.NAMES),
        f"Names of our own mends that stay out of WhatsApp's page: any of {', '.join(patches.NAMES)}.",
    )
    check: str | None = _key(
        None,
        values.optional_url,
        "Address that names the newest wa-js, asked once a day, like "
        "https://registry.npmjs.org/@wppconnect/wa-js/latest. It is only shown: nothing is fetched or installed "
        'by itself. "" = nobody is asked.',
    )


@dataclass(frozen=True, slots=True)
class Locale:
    """Where the shop is."""

    country: str = _key("BD", values.country, "Country whose national phone numbers are understood.")
    timezone: str | None = _key(
        None, values.zone, 'Time zone of quiet hours, caps and reports. "" = the system\'s.'
    )
    language: str = _key(languages.FIRST, values.one_of(*languages.ALL), "First language of the dashboard.")


@dataclass(frozen=True, slots=True)
class Sending:
    """How fast one device sends. On pages and by API one may be stricter than these, never less."""

    gap_seconds: tuple[float, float] = _key(
        (8.0, 20.0), values.span, "Random pause between two messages of a device. [0, 0] = none."
    )
    quiet_hours: tuple[time, time] | None = _key(
        (time(21), time(8)), values.quiet_hours, "From when to when nothing is sent. [] = none."
    )
    daily_cap: int = _key(250, values.integer(0, 100_000), "Messages a device sends a day. 0 = no cap.")
    hourly_cap: int = _key(
        60, values.integer(0, 100_000), "Messages a device sends in any 60 minutes. 0 = no cap."
    )
    new_chats_per_day: int = _key(
        10,
        values.integer(0, 100_000),
        "People a device writes to for the first time a day. 0 = no cap. Where WhatsApp names a limit of its own, "
        "an even share of what is left of it binds, if that is less.",
    )
    warmup: bool = _key(
        True,
        values.boolean,
        "A new number starts slowly: 20, 40, 70, 110, 150, 200, 250 messages on days 1 to 7.",
    )
    doubt_seconds: int = _key(
        60,
        values.integer(1, 3_600),
        "How long a message that WhatsApp stored but did not confirm rests before it is handed over again.",
    )


@dataclass(frozen=True, slots=True)
class Devices:
    """How many phones."""

    max: int = _key(5, values.integer(1, 50), "Devices a user may have.")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where webhooks may go."""

    allow: tuple[str, ...] = _key(
        (),
        values.allow,
        "Addresses beyond public ones that may be targets: networks or host:port. Loopback only by port.",
    )
    allow_within: tuple[str, ...] = _key(
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        values.proxies,
        "Networks in which the box's owner may open further ones on the page Settings, Box. [] = none.",
    )


@dataclass(frozen=True, slots=True)
class Media:
    """Files that are sent and come: pictures, papers, films and sound."""

    max_megabytes: int = _key(64, values.integer(1, 2_000), "Largest file, in megabytes.")
    disk_megabytes: int = _key(
        2_048,
        values.integer(1, 10_000_000),
        "What all files together may take of the disk, in megabytes. At that, those that nothing needs make room, "
        "longest unused first.",
    )
    keep_days: int = _key(
        90, values.integer(0, 3_650), "Days a file is kept after it was last used. 0 = until room is wanted."
    )
    inbound: str = _key(
        "ask",
        values.one_of("ask", "auto", "off"),
        'Files that people send: "ask" fetches one when somebody asks for it; "auto" also by itself, from people '
        'in your contacts or whom you wrote to, until files fill 80 % of disk_megabytes; "off" none.',
    )
    inbound_megabytes: int = _key(
        5, values.integer(1, 2_000), 'Largest file that "auto" fetches by itself, in megabytes.'
    )


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps a sender decent."""

    require_consent: bool = _key(False, values.boolean, "Only contacts whose consent is recorded are written to.")
    campaign_messages_per_day: int = _key(
        0,
        values.integer(0, 1_000),
        "Campaign messages one person gets a day; over it they wait. 0 = no cap.",
    )
    tripwires: bool = _key(
        True, values.boolean, "Pause a campaign that hits too many wrong numbers, opt-outs or failures."
    )


@dataclass(frozen=True, slots=True)
class Accounts:
    """Other people's accounts on this box."""

    registration: str = _key(
        "auto",
        values.one_of("auto", "off", "approval", "open"),
        'Who may make an account at /register: "off" nobody, "approval" who you approve, "open" everybody. '
        '"auto" is "approval" with [billing] enabled, else "off".',
    )
    require_verified_email: bool = _key(
        True,
        values.boolean,
        "A new account waits until its address is confirmed; only where a mail server is set.",
    )


@dataclass(frozen=True, slots=True)
class Billing:
    """Customers with plans, for a reseller's box."""

    enabled: bool = _key(False, values.boolean, "Plans, credits and payments. Off for a shop's own box.")
    currency: str = _key("BDT", values.currency, "Currency of prices, by its three letters.")
    trial_ip_days: int = _key(
        365,
        values.integer(0, 3_650),
        "A free trial is refused to an IP address that had one within so many days. 0 = addresses are not looked "
        "at; a WhatsApp number has one trial ever.",
    )
    notice_days: tuple[int, ...] = _key(
        (7, 3, 1), values.days, "Days before the end of a plan on which its user is told. [] = never."
    )
    providers: tuple[str, ...] = _key(
        ("bkash", "nagad", "bank"), values.providers, "Ways to pay that are offered: any of bkash, nagad, bank."
    )
    bkash: str | None = _key(None, values.optional_text, "How to pay you by bKash; shown beside the payment form.")
    nagad: str | None = _key(None, values.optional_text, "How to pay you by Nagad.")
    bank: str | None = _key(None, values.optional_text, "How to pay you by bank.")
    seller: str | None = _key(None, values.optional_text, "Your name and address, as invoices show them.")


@dataclass(frozen=True, slots=True)
class Content:
    """What may be written, where other people use the box."""

    filter: bool = _key(
        True,
        values.boolean,
        "Judge every message by the rules at /admin/filter, if others may have accounts here. A shop alone on its "
        "box is never judged.",
    )
    lock_after_complaints: int = _key(
        0,
        values.integer(0, 1_000),
        "Lock an account for review when so many people complained about it within 30 days. 0 = never by itself.",
    )


@dataclass(frozen=True, slots=True)
class Smtp:
    """E-mail. Without a host nothing is sent, and wabox says what it could not send."""

    host: str | None = _key(None, values.optional_text, 'Mail server. "" = no e-mail.')
    port: int = _key(587, values.integer(1, 65_535), "Its port.")
    tls: str = _key(
        "auto",
        values.one_of("auto", "starttls", "tls", "none"),
        "How the connection is encrypted. auto = tls on port 465, else starttls; on this machine only if offered.",
    )
    user: str | None = _key(None, values.optional_text, "Name to log in with.")
    password_file: str | None = _key(None, values.optional_text, "File that holds the password, and nothing else.")
    sender: str | None = _key(
        None, values.optional_text, "Address mails come from. In the file this key is called `from`."
    )


@dataclass(frozen=True, slots=True)
class Backup:
    """Backups that wabox makes by itself, each night."""

    dir: str | None = _key(
        None,
        values.optional_text,
        "Directory that they go to, best on a stick or another machine's disk; relative to this file. If it is "
        'not there, nothing is written elsewhere, and you are told. "" = none are made.',
    )
    at: time = _key(time(3), values.time_of_day, "When, on the shop's clock.")
    keep_daily: int = _key(7, values.integer(1, 366), "Of how many days the last one is kept.")
    keep_weekly: int = _key(4, values.integer(0, 520), "Of how many weeks before that.")
    recipient: str | None = _key(
        None,
        values.optional_recipient,
        "Seal them for this recipient of age (age1…, from age-keygen): only who has its key can open them, not "
        "this box.",
    )
    passphrase_file: str | None = _key(
        None, values.optional_text, "Or seal them with the passphrase in this file, and nothing else in it."
    )
    after: str | None = _key(
        None,
        values.optional_text,
        'Command that is run after each, "{file}" being the backup: "rclone copy {file} remote:shop". Not through '
        "a shell; if it fails you are told.",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one API key may ask."""

    send_burst: int = _key(600, values.integer(1, 100_000), "POST /send requests a key may make at once.")
    send_per_second: int = _key(20, values.integer(1, 10_000), "POST /send requests a second after that.")
    body_kilobytes: int = _key(1_024, values.integer(64, 10_240), "Largest request body.")


@dataclass(frozen=True, slots=True)
class Metrics:
    """GET /metrics, for Prometheus."""

    token_file: str | None = _key(
        None,
        values.optional_text,
        "File with the token that other machines, and all behind a proxy, send as Authorization: Bearer. "
        '"" = only this machine.',
    )


@dataclass(frozen=True, slots=True)
class Logs:
    """What is written to stderr."""

    level: str = _key("info", values.one_of("debug", "info", "warning", "error"), "Least level written.")
    format: str = _key(
        "auto",
        values.one_of("auto", "json", "text"),
        "json for machines, text for people; auto = text on a terminal.",
    )


@dataclass(frozen=True, slots=True)
class Testing:
    """For tests and demos only; refused unless [whatsapp] url is on loopback."""

    clock_offset_seconds: int = _key(0, values.integer(-(10**9), 10**9), "Moves wabox's clock.")


@dataclass(frozen=True, slots=True)
class Config:
    """All of wabox.toml, validated. path: the file it came from, None for defaults."""

    server: Server = field(default_factory=Server)
    data: Data = field(default_factory=Data)
    whatsapp: WhatsApp = field(default_factory=WhatsApp)
    engine: Engine = field(default_factory=Engine)
    locale: Locale = field(default_factory=Locale)
    sending: Sending = field(default_factory=Sending)
    devices: Devices = field(default_factory=Devices)
    webhooks: Webhooks = field(default_factory=Webhooks)
    media: Media = field(default_factory=Media)
    guards: Guards = field(default_factory=Guards)
    accounts: Accounts = field(default_factory=Accounts)
    billing: Billing = field(default_factory=Billing)
    content: Content = field(default_factory=Content)
    smtp: Smtp = field(default_factory=Smtp)
    backup: Backup = field(default_factory=Backup)
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    logs: Logs = field(default_factory=Logs)
    testing: Testing = field(default_factory=Testing)
    path: Path | None = None

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The shop's time zone: the configured one, else the system's."""
        return zoneinfo.ZoneInfo(self.locale.timezone or _system_zone())

    def zone_named(self, name: str | None) -> zoneinfo.ZoneInfo:
        """The named zone, or the shop's if none is named or this machine does not know the name."""
        try:
            return zoneinfo.ZoneInfo(name) if name else self.zone
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return self.zone

    def is_night(self, moment: datetime) -> bool:
        """Whether pages are renewed at this moment, on the shop's clock. moment: aware."""
        return self.whatsapp.renew_at_night and NIGHT[0] <= moment.astimezone(self.zone).hour < NIGHT[1]

    @property
    def registration(self) -> str:
        """Who may make an account: `off`, `approval` or `open`."""
        chosen = self.accounts.registration
        if chosen != "auto":
            return chosen
        return "approval" if self.billing.enabled else "off"

    @property
    def others_use_it(self) -> bool:
        """Whether people other than the owner may have accounts here."""
        return self.billing.enabled or self.registration != "off"

    @property
    def judges_content(self) -> bool:
        """Whether messages are judged by rules before they go."""
        return self.content.filter and self.others_use_it

    @property
    def site_is_loopback(self) -> bool:
        """Whether the site wabox drives is on this machine, as a sandbox is."""
        return is_loopback(urlsplit(self.whatsapp.url).hostname or "")


_RENAMED = {("smtp", "from"): "sender"}


def sections() -> dict[str, type[Any]]:
    """Every section of wabox.toml with the class that knows its keys."""
    made = Config()
    return {one.name: type(getattr(made, one.name)) for one in fields(Config) if one.name != "path"}


def documentation() -> dict[str, dict[str, tuple[Any, str]]]:
    """{section: {key: (default, meaning)}} as the file spells them."""
    shown: dict[str, dict[str, tuple[Any, str]]] = {}
    for section, kind in sections().items():
        spelled = {sender: key for (place, key), sender in _RENAMED.items() if place == section}
        shown[section] = {
            spelled.get(one.name, one.name): (one.default, one.metadata["doc"]) for one in fields(kind)
        }
    return shown


def load(path: Path | None) -> Config:
    """The configuration in this file; without a file the defaults. Raises ConfigError in one sentence.

    `[data] dir` comes back absolute, relative paths being relative to the file (or to the working
    directory without one).
    """
    if path is None:
        return parse({}, base=Path.cwd())
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}; name another with --config.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    return parse(raw, base=path.resolve().parent, path=path.resolve())


def parse(raw: dict[str, Any], *, base: Path, path: Path | None = None) -> Config:
    """The configuration in a decoded TOML document. Raises ConfigError naming key and value."""
    known = sections()
    for name, value in raw.items():
        if name not in known:
            raise ConfigError(f"wabox.toml has an unknown section [{name}]; known are {', '.join(known)}.")
        if not isinstance(value, dict):
            raise ConfigError(f"wabox.toml has a key {name} outside of any section; it belongs under a [section].")
    parts = {name: _section(name, kind, raw.get(name, {})) for name, kind in known.items()}
    data = parts["data"]
    parts["data"] = replace(data, dir=(base / data.dir).absolute())
    config = Config(**parts, path=path)
    if config.testing.clock_offset_seconds and not config.site_is_loopback:
        raise ConfigError(
            f"[testing] clock_offset_seconds is {config.testing.clock_offset_seconds}, but it is "
            "allowed only with a [whatsapp] url on loopback; take it out."
        )
    return config


def _section(name: str, kind: type[Any], raw: dict[str, Any]) -> Any:
    spelled = {_RENAMED.get((name, key), key): (key, value) for key, value in raw.items()}
    checks = {one.name: one.metadata["check"] for one in fields(kind)}
    hidden = {attribute for (place, _), attribute in _RENAMED.items() if place == name}
    given: dict[str, Any] = {}
    for attribute, (key, value) in spelled.items():
        if attribute not in checks or key in hidden:
            allowed = ", ".join(documentation()[name])
            raise ConfigError(f"wabox.toml has an unknown key [{name}] {key}; known are {allowed}.")
        try:
            given[attribute] = checks[attribute](value)
        except values.Wrong as wrong:
            raise ConfigError(f"[{name}] {key} is {value!r}, but it must be {wrong}.") from None
    return kind(**given)


def is_loopback(host: str) -> bool:
    """Whether a host name or address in a URL means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.cache
def _system_zone() -> str:
    """The system's zone name from /etc/timezone or /etc/localtime, UTC if neither tells.

    Asked once a process: listing the zones walks a directory tree, 19 ms that every send would pay.
    """
    named = Path("/etc/timezone")
    candidates = [named.read_text(encoding="utf-8").strip()] if named.is_file() else []
    local = str(Path("/etc/localtime").resolve())
    if "/zoneinfo/" in local:
        candidates.append(local.split("/zoneinfo/", 1)[1])
    for name in candidates:
        if name in zoneinfo.available_timezones():
            return name
    return "UTC"
