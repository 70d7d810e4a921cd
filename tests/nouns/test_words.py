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
"""
NOTHING = """
hello|Thanks!|ok|👍|yes|no|না|stopped|stopping|STOPP|weekend|friend|unstoppable|bandh
start the car|শুরু হবে কখন|1|...|?|!|।
Can you stop the truck at the second gate tomorrow|one two three four five six stop
আপনাদের দোকান কি আজ সন্ধ্যা সাতটার পরে বন্ধ থাকবে|s t o p|st op|stop-start|nonstop|অন্ধ|সম্বন্ধ
stopwatch|bus-stop|pit_stop|বাসস্টপ|S.T.O.P
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
    ],
)
def test_long_messages_are_judged(text: str, verdict: str | None) -> None:
    assert judge(text) == verdict
