"""Web applications to ask: made once for each kind of box, and lent to one box after the other.

Making one takes longer than most tests; none of it knows which box it serves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar
from litestar.testing import TestClient

from wabox import app
from wabox.box import Box

_idle: dict[tuple[bool, int], list[Litestar]] = defaultdict(list)


@contextmanager
def web(box: Box) -> Iterator[Litestar]:
    """The application of this box, until the block ends."""
    billing, kilobytes = box.config.billing.enabled, box.config.limits.body_kilobytes
    shelf = _idle[billing, kilobytes]
    made = shelf.pop() if shelf else app.bare(billing=billing, body_kilobytes=kilobytes)
    made.state.box = box
    try:
        yield made
    finally:
        del made.state.box
        shelf.append(made)


def pages_of(box: Box) -> Litestar:
    """The pages of such a box, for whoever asks which there are."""
    return app.pages(billing=box.config.billing.enabled, body_kilobytes=box.config.limits.body_kilobytes)


@contextmanager
def client(box: Box) -> Iterator[TestClient[Litestar]]:
    """Somebody who asks this box."""
    with web(box) as made, TestClient(made) as asking:
        yield asking
