from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wabox.content import builtin, folding, matcher
from wabox.content.matcher import Matcher, Rule
from wabox.errors import Invalid

HOUSE = Matcher([Rule(f"builtin:{name}", "builtin", name, "hold", "…") for name in builtin.NAMES])

HONEST = """
Never share your PIN with anyone.
Do not share your bKash PIN or OTP with anybody, not even with us.
bKash will never ask you to share your PIN.
We never ask for your password.
Please don't give your OTP to anyone who calls.
You should not send your PIN to a stranger.
পিন কাউকে বলবেন না।
আপনার পিন বা ওটিপি কাউকে দিবেন না।
আপনার পাসওয়ার্ড কারো সাথে শেয়ার করবেন না।
আমরা কখনো আপনার পিন চাই না।
apnar pin karo kache share korben na
otp kauke diben na please
Your order #4521 is ready. Total 1,250 Tk.
আপনার অর্ডার নং ৪৫২১ প্রস্তুত। মোট ১,২৫০ টাকা।
Apnar order 4521 ready, dokan theke niye jan.
Call us on 01711-123456 or 01811 654321.
আমাদের নম্বর ০১৭১১-১২৩৪৫৬, যেকোনো সময় কল করুন।
Pay by bKash to 01711123456 (merchant), reference: your order number.
বিকাশে ০১৭১১১২৩৪৫৬ নম্বরে ৫০০ টাকা পাঠান, রেফারেন্সে অর্ডার নম্বর লিখুন।
Nagad korle 01811654321 e send money korun, tarpor TrxID ta pathan.
Your delivery is on its way; the rider will call you.
Send us your address and we deliver today.
Please share your location pin so that the rider finds you.
Please tell us your size and colour.
Our shop: https://shop.example.com/eid-offer
Follow us at facebook.com/rinashop
See https://www.daraz.com.bd/shop/rina
Meet us at.com or at.co.uk, both are ours.
Write to us: hello@bit.lyrics.example
The price is 12.50.30, as agreed.
Version 1.2.3.4 of our catalogue is out.
Order 100000000001 is packed.
TrxID 9GH7K2M1QX received, thank you.
Card ending 4242 was charged.
-------------------------
=========================
*****************************
Hooray!!!!!!!!!!!!!!!!!!!!!!
ধন্যবাদ..............................
hahahahahahahahahaha
😀😀😀😀😀😀😀😀😀😀😀😀😀😀
Waaaaaaah, new shoes!
Win a discount: buy two, get one free.
You won our lucky draw! Collect your gift at the shop.
Congratulations, your coupon is worth 100 Tk.
অভিনন্দন! আপনি ১০% ছাড় পেয়েছেন।
লাকি ড্র-তে অংশ নিতে আজই দোকানে আসুন।
Eid Mubarak from all of us!
ঈদ মোবারক! সবার জন্য শুভেচ্ছা।
Your appointment is on 12 March at 5 pm.
আপনার অ্যাপয়েন্টমেন্ট ১২ মার্চ বিকেল ৫টায়।
Tomar boi ta eseche, niye jeo.
Safety pins, hair pins and pin-ups: 20% off!
Pinky's bakery: fresh pineapple cake, send us your order.
Pinterest board updated, tell your friends.
Give this opinion some thought.
Your warranty code is on the box.
Use coupon EID25 when you order.
Kindly confirm your order by replying YES.
অর্ডার নিশ্চিত করতে "হ্যাঁ" লিখে পাঠান।
Order confirm korte YES likhe pathan.
Send money to our bank account, then send us a photo of the slip.
Stock ses, kal abar ashbe.
দোকান আজ রাত ৯টা পর্যন্ত খোলা।
Москва магазин открыт.
Your parcel 8801711000001 weighs 2.5 kg.
Delivery takes 24-48 hours; no code is needed.
Prize bond numbers are printed in the paper.
Claim your warranty within 7 days at our shop.
Your OTP is 482913. Do not share it with anyone.
Your OTP is 482913. Enter this OTP to confirm your order.
Enter OTP 482913 to log in.
ওটিপি ৪৮২৯১৩ লিখে অর্ডার নিশ্চিত করুন।
Please update your password in our app.
Your new password is ready; open the app to set it.
আপনার ওটিপি ৪৮২৯১৩। কাউকে বলবেন না।
"""

BAD = """
Send your PIN now to keep your account.
Please send me your bKash PIN.
Reply with your OTP to confirm.
Give us your Nagad pin number please
Tell me the OTP you just got.
Your OTP is 482913. Send us the OTP you got.
Your code is 1234. Enter your PIN below.
Your account is blocked. Share your password to open it.
Enter your card CVV and PIN here
Never mind. Send us your PIN.
Never share your PIN with others. Now send your PIN to us.
আপনার পিন দিন।
আপনার বিকাশ পিন নম্বর পাঠান
ওটিপি কোডটি আমাদের বলুন
পিন নম্বরটি দয়া করে জানান
আপনার পাসওয়ার্ড আমাদের শেয়ার করুন
apnar bkash pin din
otp ta bolun taratari
apnar pin number ta ektu pathan
bhai pin koto?
What is your PIN?
Send your P\u200bI\u200bN
S\u00adend your p\u2060in
আপনার পি\u200dন দি\u200cন
Ｓｅｎｄ ｙｏｕｒ ＰＩＮ
Send your p\u0456n
SEND YOUR O.T.P NOW
𝗦𝗲𝗻𝗱 𝘆𝗼𝘂𝗿 𝗣𝗜𝗡
Look: https://bit.ly/3xYz
bit.ly/offer
See tinyurl.com/abc today
Click t.co/AbC
http://cutt.ly/xx
https://is.gd/aa
ｂｉｔ．ｌｙ／free
Bit\u200b.ly/free
Go to https://xn--bkash-9ya.com/login
Log in at http://bk\u0430sh.com
https://www.\u0430\u0440\u0440\u04cf\u0435.com/
http://103.4.55.6/login
http://103.4.55.6
https://user@10.0.0.1:8080/x
http://3232235777/
http://0xC0A80001/x
http://[2001:db8::1]/x
১০৩.৪.৫৫.৬/login
Congratulations! You won the lottery of 25 lakh taka.
Your number was selected in the mega draw KBC lottery
Claim your prize now, pay the fee
Claim your cash prize today
লটারিতে আপনি ১০ লাখ টাকা জিতেছেন
আপনি লটারি বিজয়ী হয়েছেন
আপনার পুরস্কার দাবি করুন
apni lottery jitechen
aaaaaaaaaaaaaaaa
০০০০০০০০০০০০০০
111111111111
"""


def lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line]


def names(rules: Iterable[Rule]) -> list[str]:
    return [rule.text for rule in rules]


def word(text: str, action: matcher.Action = "hold") -> Rule:
    return Rule(f"word:{text}", "word", text, action, "no")


def pattern(text: str) -> Rule:
    return Rule(f"pattern:{text}", "pattern", text, "hold", "no")


def test_the_sets_are_large_enough() -> None:
    assert len(lines(HONEST)) >= 60
    assert len(lines(BAD)) >= 40


@pytest.mark.parametrize("text", lines(HONEST))
def test_what_honest_shops_write_passes(text: str) -> None:
    assert names(HOUSE.judge(text)) == []


@pytest.mark.parametrize("text", lines(BAD))
def test_what_swindlers_write_is_met(text: str) -> None:
    assert names(HOUSE.judge(text)) != []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("casino", "Play at our Casino!"),
        ("casino", "casino"),
        ("easy money", "EASY, money."),
        ("easy  money", "easy\n\nmoney"),
        ("জুয়া", "আজ জুয়া খেলুন।"),
        ("১০০", "Take 100 now"),
        ("100", "মাত্র ১০০ টাকা"),
        ("café", "cafe\u0301 open"),
        ("casino", "c\u0336a\u0336s\u0336i\u0336n\u0336o\u0336"),  # struck out
        ("casino", "Cásinô"),
        ("casino", "ᴄᴀsɪɴᴏ"),
        ("casino", "cas\u0131n\u043e"),
        ("কোন", "ক\u09be\u09c7ন"),  # the vowel's two halves, the other way round
        ("চাঁদ", "চ\u0981\u09beদ"),
    ],
)
def test_a_word_is_met_however_it_is_written(rule: str, text: str) -> None:
    assert names(Matcher([word(rule)]).judge(text)) == [rule]


@pytest.mark.parametrize(
    ("rule", "text"),
    [("cat", "category"), ("cat", "tomcat"), ("জুয়া", "জুয়াড়ি"), ("কর", "করুন"), ("10", "100"), ("a b", "ab")],
)
def test_a_word_is_not_met_inside_another(rule: str, text: str) -> None:
    assert Matcher([word(rule)]).judge(text) == ()


def test_every_rule_that_is_met_is_named_those_that_refuse_first() -> None:
    made = Matcher([pattern("mon.y"), word("easy"), word("money", "refuse"), word("other")])
    assert names(made.judge("easy money")) == ["money", "easy", "mon.y"]


@pytest.mark.parametrize(
    "text",
    [
        "(?=a)b",
        r"(a)\1",
        "(?<=a)b",
        "(a",
        "x*",
        "(?:a|)",
        "",
        "   ",
        "a" * 201,
        "a\nb",
        "a{1000}{1000}",
        r"[\p{L}]{900}",
    ],
)
def test_a_pattern_that_will_not_do_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        matcher.check("pattern", text.strip() if not text.strip() else text)
    assert refused.value.code == "bad_rule"
    assert refused.value.sentence.endswith(".")


@pytest.mark.parametrize("text", ["...", "  ", "\u200b", "🙂"])
def test_a_word_without_a_letter_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        matcher.check("word", text)


def test_a_pattern_that_explodes_elsewhere_is_taken_and_judges_its_worst_text() -> None:
    assert matcher.check("pattern", "(a+)+$") > 0
    made = Matcher([pattern("(a+)+$")])
    assert made.judge("a" * 4_095 + "b") == ()
    assert names(made.judge("b" + "a" * 4_095)) == ["(a+)+$"]


def test_five_hundred_words_and_many_patterns_are_one_set() -> None:
    many = [
        *(word(f"word{n} thing{n}") for n in range(450)),
        *(pattern(rf"\d+ tk{n} [a-f]{{3,20}}") for n in range(50)),
    ]
    matcher.check_all(many)
    met = Matcher(many).judge("word7, thing7 and 50 tk3 abcabc")
    assert names(met) == ["word7 thing7", r"\d+ tk3 [a-f]{3,20}"]


def test_patterns_that_cost_too_much_together_are_refused() -> None:
    many = [pattern(rf"[a-f]{{{n}}}x{n}") for n in range(300, 500)]
    with pytest.raises(Invalid, match="together"):
        matcher.check_all(many)


INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u202e\ufe0f\u034f\U000e0041"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
@example("\ud800\udc00\x00\x7f")
@example("İstanbul ß ﬀ ǅ")
def test_any_text_is_judged_and_folding_it_again_changes_nothing(text: str) -> None:
    HOUSE.judge(text)
    once = folding.fold(text)
    assert folding.fold(once.plain).plain == once.plain
    assert once.words[0] == once.words[-1] == " "


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.sampled_from(lines(HONEST) + lines(BAD)), st.text(max_size=80)),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(INVISIBLE)), max_size=12),
)
def test_a_verdict_does_not_change_by_what_nobody_sees(text: str, marks: list[tuple[int, str]]) -> None:
    if any(unicodedata.category(one) in ("Cs", "Co", "Cn") for one in text):
        return
    dressed = list(text)
    for at, mark in marks:
        dressed.insert(min(at, len(dressed)), mark)
    assert HOUSE.judge("".join(dressed)) == HOUSE.judge(text)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_any_rule_text_is_taken_or_refused_in_a_sentence(text: str) -> None:
    for kind in ("word", "pattern"):
        try:
            matcher.check(kind, text)
        except Invalid as refused:
            assert refused.details
        else:
            Matcher([word(text) if kind == "word" else pattern(text)]).judge(text)
