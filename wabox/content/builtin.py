"""Knows the rules every box comes with: what swindlers write, and never what a shop writes.

Each is patterns over one view of a folded text. What a shop says to protect people ("never share your PIN")
is taken out of the sentences first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wabox.content import folding

View = Literal["plain", "sentences"]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A rule of the house. name: stable, kept in the database. sentence: what its sender is told."""

    name: str
    sentence: str
    view: View
    patterns: tuple[str, ...]


def _any(listed: str) -> str:
    """One of the words, which stand between commas; each as a folded text has it."""
    words = (folding.phrase(one).strip() for one in listed.replace("\n", " ").split(","))
    return "(?:" + "|".join(sorted({word for word in words if word}, key=lambda one: (-len(one), one))) + ")"


def _gap(most: int) -> str:
    """Up to so many words, within the sentence."""
    return rf"(?: [^ |]+){{0,{most}}}"


_SECRET = _any(
    """pin, pins, p i n, pin number, pin no, pin code, pincode, otp, otps, o t p, otp code, one time password,
    password, passcode, cvv, cvc, security code, verification code, secret code, login code,
    পিন, পিনটি, পিনটা, পিন নম্বর, পিন নাম্বার, পিন নম্বরটি, পিন নাম্বারটি, পিন কোড, ওটিপি, ওটিপিটি, ওটিপি কোড,
    পাসওয়ার্ড, পাসওয়ার্ডটি, গোপন নম্বর, গোপন নাম্বার, গোপন পিন, ভেরিফিকেশন কোড, যাচাই কোড, সিভিভি,
    pin ta, pin ti, otp ta, otp ti, pin nombor, pin nambar, pin namber, gopon pin, gopon number"""
)
_ASK = _any(
    """send, sent, give, gimme, tell, share, provide, confirm, submit, forward, reply, reply with, text, whatsapp,
    sms, verify, enter, type, write, input, disclose"""
)
_BENGALI_ASK = _any(
    """দিন, দেন, দাও, দিবেন, দেবেন, দিয়ে দিন, দিয়ে, পাঠান, পাঠাও, পাঠাবেন, পাঠিয়ে দিন, পাঠিয়ে, বলুন, বলেন, বলো,
    বলবেন, জানান, জানাও, জানাবেন, শেয়ার করুন, শেয়ার করেন, শেয়ার করবেন, লিখুন, লিখে পাঠান, লিখে দিন, টাইপ করুন,
    যাচাই করুন, ভেরিফাই করুন, নিশ্চিত করুন, দরকার, লাগবে, প্রয়োজন,
    din, den, dao, diben, deben, diye din,
    pathan, pathao, pathaben, pathiye din, patan, bolun, bolen, bolo,
    bolben, janan, janao, janaben, share korun, share koren, share korben, likhun, likhe din, likhe pathan,
    type korun, verify korun, confirm korun, lagbe, dorkar, send korun, send koren"""
)
_NOT = _any(
    """never, do not, don t, dont, not, should not, shouldn t, must not, cannot, can t, nobody, no one, without,
    will not, won t, avoid, stop"""
)
_PASSING = _any(
    """ever, please, ask, asks, asking, you, to, for, anyone, or, and, give, share, send, tell, provide, enter,
    type, write, reply, let, us, will, would, should, need, needs, want, say, disclose, sharing, giving, sending,
    your"""
)
_NO = _any("না, নাই, নয়, নি, na, nai, noy")

HONEST = (
    rf" {_NOT}(?: {_PASSING})*? (?:{_ASK}|ask|asks|asking|sharing|giving|sending|telling|disclosing)"
    rf"{_gap(4)}? {_SECRET} ",
    rf" {_SECRET}{_gap(5)}? {_BENGALI_ASK} {_NO} ",
    rf" {_SECRET}{_gap(5)}? (?:চাই না|চাইবে না|চায় না|চাওয়া হয় না|chai na|chay na|chaibe na) ",
    rf" {_SECRET}(?: (?:is|for|of|no|holo|হলো|হল|হচ্ছে|[^ |]+ (?:is|holo|হলো|হল|হচ্ছে)))? [0-9]{{4,16}} ",
    r" (?:enter|use|type|input)(?: this| the| it| that| above)? (?:otp|otps|code|otp code|verification code) ",
    r" (?:location|map|maps|google|gps|postal|zip|area|লোকেশন|ম্যাপ) (?:pin|pins|pincode|pin code|code|পিন) ",
)

_LINE = r"(?:^|[^\p{L}\p{N}@._-])"
_SHORTENERS = """
    bit.ly, bitly.com, bitly.ws, j.mp, tinyurl.com, tiny.cc, tiny.one, t.co, t.ly, goo.gl, is.gd, v.gd, x.gd,
    da.gd, cutt.ly, ow.ly, buff.ly, rebrand.ly, rb.gy, shorturl.at, shorturl.asia, short.gy, shorte.st, shrtco.de,
    bl.ink, s.id, adf.ly, soo.gd, clck.ru, qrco.de, lnkd.in, lnk.ink, urlz.fr, cuturl.app, u.to, vk.cc, ouo.io,
    dub.sh, 2u.pw, n9.cl
"""
_SHORT = "|".join(name.strip().replace(".", r"\.") for name in _SHORTENERS.split(","))
_LATE = "(?:com|net|org|info|biz|xyz|shop|store|online|site|top|app|co|io|me|bd|in)"
_SUM = "[0-9]+|lakh|lac|lakhs|crore|million"
_MONEY = "taka|tk|bdt|usd|dollar|dollars|lakh|lac|crore"
_WON = _any("won, win, winner, winners, winning, selected, chosen")
_LOTTERY = _any("lottery, lotto, jackpot, mega draw, crorepati, kbc lottery, sweepstakes")
_PRIZE = _any("prize, prize money, cash prize, winnings, lottery, jackpot, winning amount, lottery prize")

BUILTINS: tuple[Builtin, ...] = (
    Builtin(
        "secrets",
        "It asks for a PIN, a one-time code or a password. Take that out: nobody may ask for them here.",
        "sentences",
        (
            rf" {_ASK}{_gap(5)}? {_SECRET} ",
            rf" {_SECRET}{_gap(4)}? {_BENGALI_ASK} ",
            rf" (?:what is|whats|what s|tell me) (?:your|ur|the|ur bkash|your bkash|your nagad) {_SECRET} ",
            rf" {_SECRET}{_gap(3)}? (?:কত|koto|কি|ki) ",
        ),
    ),
    Builtin(
        "shorteners",
        "It has a shortened link, which hides where it leads. Write the full address instead.",
        "plain",
        (rf"{_LINE}(?:{_SHORT})\s?/\s?[\p{{L}}\p{{N}}]",),
    ),
    Builtin(
        "lookalikes",
        "It has a link whose letters only look like another name. Write the real address instead.",
        "plain",
        (
            r"(?:^|[^\p{L}\p{N}-])xn--[a-z0-9]",
            rf"[\p{{Cyrillic}}\p{{Greek}}][\p{{L}}\p{{N}}-]*(?:\.[\p{{L}}\p{{N}}-]+)*\.{_LATE}(?:[^\p{{L}}\p{{N}}]|$)",
        ),
    ),
    Builtin(
        "addresses",
        "It has a link to a bare number instead of a name. Write your site's name instead.",
        "plain",
        (
            r"https?://(?:[^/\s]*@)?(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[^0-9.]|$)",
            r"https?://(?:[^/\s]*@)?(?:0x[0-9a-f]+|[0-9]{8,10}|\[[0-9a-f:.]+\])(?:[/:?#\s]|$)",
            r"(?:^|[^0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?::[0-9]{2,5})?/[a-z]",
        ),
    ),
    Builtin(
        "lottery",
        "It speaks of a lottery or a prize to be claimed, as swindlers do. Say it in another way.",
        "sentences",
        (
            rf" {_WON}{_gap(8)}? {_LOTTERY} ",
            rf" {_LOTTERY}{_gap(8)}? {_WON} ",
            rf" (?:claim|release|unlock|transfer)(?: your| ur| the| this)?{_gap(3)}? {_PRIZE} ",
            rf" {_WON}{_gap(8)}? (?:{_SUM})(?: [^ |]+)? (?:{_MONEY})[^|]*(?:\|[^|]*)?"
            r" (?:claim|fee|click|otp|processing|bkash) ",
            rf" লটারি[^ |]*{_gap(8)}? (?:জিত|পেয়ে|বিজয়ী|জয়)[^ |]* ".replace("য়", "য\u09bc"),
            rf" (?:জিত|বিজয়ী|পেয়ে)[^ |]*{_gap(8)}? লটারি[^ |]* ".replace("য়", "য\u09bc"),
            rf" (?:পুরস্কার|পুরষ্কার)[^ |]*{_gap(6)}? (?:দাবি|দাবী|ক্লেইম) (?:কর|করুন|করতে) ",
            rf" (?:lottery|lotari|lotary)[^ |]*{_gap(6)}? (?:jit|peye|pey|bijoyi|joyi)[^ |]* ",
            rf" (?:jit|bijoyi)[^ |]*{_gap(6)}? (?:lottery|lotari|lotary)[^ |]* ",
        ),
    ),
    Builtin(
        "runs",
        "It repeats one letter or digit twelve times or more. Shorten that.",
        "plain",
        (),
    ),
)
NAMES = tuple(one.name for one in BUILTINS)
RUN = 12
