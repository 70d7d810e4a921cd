"""What people are told of what ails: a line, what to do, and that it is well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wabox.alerts.kinds import Kind
from wabox.alerts.stored import News
from wabox.languages import later
from wabox.letters.writing import Post


@dataclass(frozen=True, slots=True)
class Text:
    """line: what ails. cure: what to do, before its link; None = as was found with it.

    path: where the link leads. over: None = nobody needs to be told.
    """

    line: str
    cure: str | None
    path: str
    over: str | None = None


TEXTS: dict[Kind, Text] = {
    "phone_down": Text(
        later("The phone %(label)s sends nothing."),
        None,
        "/whatsapp",
        later("The phone %(label)s is well again."),
    ),
    "engine_incompatible": Text(
        later("WhatsApp has changed: %(label)s sends nothing."),
        later(
            "wabox does not know the new page yet. Nothing is lost: what waits goes as soon as the page is "
            "understood again. Whoever runs the box brings a newer engine (wa-js); no phone must be linked anew."
        ),
        "/admin/engine",
        later("wabox understands WhatsApp again: %(label)s sends."),
    ),
    "webhook_failing": Text(
        later("Your webhook has taken nothing for over an hour."),
        later("Nothing is lost yet: wabox goes on trying for three days. See there what it answers."),
        "/webhooks",
        later("Your webhook takes what it is sent again."),
    ),
    "campaign_held": Text(
        later("The campaign “%(name)s” stands still."),
        None,
        "/campaigns/%(id)s",
    ),
    "clock_wrong": Text(
        later("The clock of your box looks wrong, so nothing is sent."),
        later("Set the clock of the machine; if it is right already, say so there."),
        "/",
        later("The clock of your box is right again."),
    ),
    "disk_full": Text(
        later("The disk of your box is nearly full."),
        later("Free some space. Once it is full nothing more is taken in or sent; nothing is lost."),
        "/admin/health",
        later("The disk of your box has room again."),
    ),
    "backup": Text(
        later("Your box has no good backup of last night."),
        None,
        "/admin/backups",
        later("Your box has a good backup again."),
    ),
    "review_waits": Text(
        later("Something waits until you have read it."),
        later("The rules of your box held it. It goes when you say yes, or never if you say no."),
        "/admin/filter/reviews",
    ),
    "payment_to_check": Text(
        later("A payment waits to be checked."),
        later("A customer says that they paid. Look in your account whether the money came, then decide there."),
        "/admin/payments",
    ),
}
TEST = later("This is a test: alerts of your wabox reach you here.")
LASTS = later("Still: %(line)s")
SINCE = later("since %(time)s")
MORE = later("%(line)s (and %(n)s more)")
CHOOSE = later("Which alerts you get, and how: %(link)s")


def line(post: Post, news: News) -> str:
    """The news in a sentence."""
    text = TEXTS[news.key.kind]
    if news.state == "over":
        return post.say(text.over or text.line, **news.words)
    said = post.say(text.line, **news.words)
    return post.say(LASTS, line=said) if news.state == "lasts" else said


def subject(post: Post, told: Sequence[News]) -> str:
    """All of it in one line; the first of several with their number."""
    first = line(post, told[0])
    if len(told) == 1:
        return first
    return post.say(MORE, line=first, n=post.number(len(told) - 1))


def body(post: Post, told: Sequence[News], *, links: bool = True) -> str:
    """All of it, each with what to do and, with links, where."""
    parts = [_part(post, one, links) for one in told]
    if links:
        parts.append(post.say(CHOOSE, link=f"{post.box.base_url}/settings/alerts"))
    return "\n\n".join(parts)


def _part(post: Post, news: News, links: bool) -> str:  # noqa: FBT001
    said = line(post, news)
    if news.state == "over":
        return said
    text = TEXTS[news.key.kind]
    cure = post.say(text.cure, **news.words) if text.cure else _why(post, news)
    link = post.box.base_url + text.path % dict(news.words) if links else ""
    return "\n".join(one for one in (said, cure, news.words.get("missing", ""), link) if one)


def _why(post: Post, news: News) -> str:
    """As it was found: a sentence that is whole, or one of ours and the values for it, which may hold anything."""
    values = dict(news.words)
    says = values.pop("says", None)
    return post.say(values.get("why", "")) if says is None else post.say(says, **values)
