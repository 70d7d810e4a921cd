from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wabox.contacts.words import OPT_IN, OPT_OUT, judge

OUT = """
STOP|stop|Stop|sToP|STOPALL|Stop all|UNSUBSCRIBE|Cancel|END|Quit|REVOKE|OPTOUT|opt-out|Opt out|opt–out|REMOVE
ARRET|Arrêt|TD|Désabonner|BERHENTI|Baja|ALTO|Sair|Pare
বন্ধ|বন্ধ করুন|বন্ধ করো|স্টপ|থামুন|থামান|বাতিল|আর না
bondho|Bondho korun|BONDHO KORUN|thamun|Batil
बंद|बंद करो|रोकें|بند|بند کریں|إيقاف|توقف|إلغاء الاشتراك
stop.|STOP!|Stop!!!| stop |	STOP	|stop…|বন্ধ।|বন্ধ করুন।|বন্ধ  করুন !|"STOP"|“Stop”|'stop'|*STOP*|_stop_|~stop~
STOP\u200d|\u200bSTOP|S\u200dT\u2060OP|\ufeffstop|\u202astop\u202c|st\u00adop|বন্\u200dধ|STOP\ufe0f
ＳＴＯＰ|ｓｔｏｐ！
Stop 🙏|STOP👍|#stop|Stop-|-stop|স্টপ🙏|STOP/বন্ধ|/stop|🛑STOP🛑|stop🙏🏽|stop stop
STOP,STOP|stop, cancel|stop&unsubscribe|>stop<
S.T.O.P|s t o p|S-T-O-P|s_t_o_p|S, T, O, P|o p t o u t|u.n.s.u.b.s.c.r.i.b.e
stopp|STOPPPP|stooop|STOOOOOP!!!|cancelll|বন্ধধধ|স্টপপপ
St0p|ST0P|5top|$top|c@ncel|unsubscr1be|st0p!
unsub|UNSUB|stopall|Unsubscribe all|বন্ধকরুন|বন্ধ করো|মেসেজবন্ধকরুন|ষ্টপ|bondhokorun
SТОР|ЅТОР|SΤΟΡ|ꜱᴛᴏᴘ|stóp|ŠTÖP|s̶t̶o̶p̶|s͜t͜o͜p|ѕtоp|unsubѕcribe
🇸🇹🇴🇵|🅂🅃🄾🄿|🆂🆃🅾🅿|ⓈⓉⓄⓅ|𝐒𝐓𝐎𝐏|𝓼𝓽𝓸𝓹
s\u200bt\u200bo\u200bp|S\u2063T\u2063O\u2063P|стоп|قف|أوقف|रुको|cancelar|abmelden|Désabonner
"""
IN = "START|start|Start!|UNSTOP|subscribe|opt in|শুরু|শুরু করুন|শুরু করুন।|স্টার্ট|shuru|Shuru korun|\u200bSTART|*start*"
IN += "|START👍|#start"
NEAR = """
STOP?|stop ?|বন্ধ?|বন্ধ করুন?|Cancel？|توقف؟|start?|?stop
please stop|stop please|STOP sending messages|Please unsubscribe me|stop it now!|don't stop|stop, thanks
stop1|STOP 2
দোকান কি বন্ধ?|দোকান বন্ধ|মেসেজ পাঠানো বন্ধ করুন|আজ কি দোকান বন্ধ থাকবে ভাই
bhai bondho korun|cancel my order|Stop start|stop.please
one two three four five stop|ভাই, বন্ধ করুন।
S.T.O.P?|St0p please|pls SТОР|stopp sending|please s̶t̶o̶p̶|E.N.D|st op|un subscribe|stoop|stpo|sotp
unsubcribe|unsuscribe|Unsubscrib|cancle|canel|stopsending|plzstop
bus stop|non stop|stop watch|stop by at 5|don’t stop
no more messages|don't message me|dont text me|not interested|আর মেসেজ দিবেন না|ar msg diben na|please take me off
"""
NOTHING = """
🇹🇩|🇸🇦🇮🇷|🇦🇱🇹🇴|🇵🇦🇷🇪|paré|altó
hello|Thanks!|ok|👍|yes|no|না|stopped|stopping|weekend|friend|unstoppable|bandh
start the car|শুরু হবে কখন|1|...|?|!|।
Can you stop the truck at the second gate tomorrow|one two three four five six stop
আপনাদের দোকান কি আজ সন্ধ্যা সাতটার পরে বন্ধ থাকবে|stop-start|nonstop|অন্ধ|সম্বন্ধ
stopwatch|bus-stop|pit_stop|বাসস্টপ|non-stop|busstop|stopover|unstoppable|Nonstop!
shop|step|atop|top|sari|alot|endd|cancelled|s|O.K.|U.S.A|T.D.|1 2 3|a@b.com|$5 off|5 pm|শপ|স্টক|рост|стол|ترك
"""


def lines(text: str) -> list[str]:
    return [one for line in text.strip("\n").split("\n") for one in line.split("|")]


@pytest.mark.parametrize("text", [*lines(OUT), "STOP\n", "\nstop\n.", "stop" + " " * 5_000])
def test_this_opts_out(text: str) -> None:
    assert judge(text) == "opt_out"


@pytest.mark.parametrize("text", lines(IN))
def test_this_opts_in(text: str) -> None:
    assert judge(text) == "opt_in"


@pytest.mark.parametrize("text", lines(NEAR))
def test_this_goes_to_the_tray(text: str) -> None:
    assert judge(text) == "near_miss"


@pytest.mark.parametrize("text", [*lines(NOTHING), "", "  ", "\u200b", "\n", "stop" * 60])
def test_this_is_about_something_else(text: str) -> None:
    assert judge(text) is None


def test_no_word_means_both() -> None:
    assert not OPT_OUT & OPT_IN
    assert {judge(word) for word in OPT_OUT} == {"opt_out"}
    assert {judge(word) for word in OPT_IN} == {"opt_in"}


marks = st.text(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f"), max_size=3)
blanks = st.text(st.sampled_from(" \t\n\u00a0"), max_size=3)


@given(st.sampled_from(sorted(OPT_OUT)), marks, blanks, blanks, st.text(st.sampled_from(".!।"), max_size=4))
def test_marks_blanks_case_and_ends_change_nothing(
    word: str, mark: str, before: str, after: str, ends: str
) -> None:
    for spelled in (word, word.upper() if judge(word.upper()) else word):
        assert judge(before + spelled[:1] + mark + spelled[1:] + ends + after) == "opt_out"
        assert judge(before + spelled + ends + "?" + after) == "near_miss"


DISGUISES = (
    lambda word: ".".join(word),
    lambda word: " ".join(word.upper()),
    lambda word: word + word[-1] * 4,
    lambda word: word.replace("o", "0").replace("e", "3"),
    lambda word: word.translate(str.maketrans("aceopsy", "асеорѕу")),
    lambda word: "\u0301".join(word),
    lambda word: "".join(chr(ord(one) + 0x1F1E6 - ord("a")) for one in word),
    lambda word: "\u200b".join(word),
)


@pytest.mark.parametrize("disguise", range(len(DISGUISES)))
@pytest.mark.parametrize("word", ["stop", "cancel", "unsubscribe", "remove", "revoke", "spam"])
def test_a_word_in_disguise_is_the_word_and_inside_another_it_is_none(word: str, disguise: int) -> None:
    disguised = DISGUISES[disguise](word)
    assert judge(disguised) == "opt_out"
    assert judge(f"{disguised}?") == "near_miss"
    assert judge(f"please {disguised}") in ("near_miss", None)
    assert judge(f"non{disguised}") != "opt_out"
    assert judge(f"bus-{disguised}") != "opt_out"


@given(st.text())
def test_anything_at_all_gets_an_answer(text: str) -> None:
    assert judge(text) in (None, "opt_out", "opt_in", "near_miss")


@given(st.lists(st.sampled_from(["stop", "বন্ধ", "start", "a", "?", ".", " ", "\u200d", "\ud800", "\0", "\n"])))
@settings(max_examples=300)
def test_any_mixture_gets_an_answer(pieces: list[str]) -> None:
    judge("".join(pieces))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("stop " * 20_000, None),
        ("\u200d" * 100_000 + "stop", "opt_out"),
        ("\u0301\u0323" * 50_000, None),
        (" " * 100_000 + "stop", "opt_out"),
        ("?" * 100_000, None),
        ("s." * 100, None),
        ("stop-" * 40, None),
        ("so" * 99, None),
    ],
)
def test_long_messages_are_judged(text: str, verdict: str | None) -> None:
    assert judge(text) == verdict
