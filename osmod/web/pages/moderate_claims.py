"""Which comment a moderator is at. Forms claim one and let go of another; no address does, since browsers and programs
open addresses that nobody has chosen yet.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from sqlalchemy.orm import Session

from osmod.moderation.database import open_session
from osmod.moderation.desk import claims, waiting
from osmod.moderation.desk.queues import Wanted
from osmod.moderation.desk.waiting import Viewer
from osmod.moderation.errors import BadPayload
from osmod.moderation.models import Comment, now
from osmod.task import get_engine
from osmod.web.pages.frame.page import NotHere
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done
from osmod.web.pages.moderate_filter import Filter, address, id_in, known_filter
from osmod.web.pages.moderate_outcomes import settle_held_for_long

#: Comments that are tried, as others may take one at the same moment.
CANDIDATES = 10


def go_on(act: Act) -> Done:
    """To the next comment that nobody is at, or to the one before; the one that is left is let go."""
    before = id_in(act.field("before"))
    with open_session(get_engine()) as session:
        chosen = filter_of(session, act)
    return onward(
        chosen.wanted,
        act.caller.user_id,
        before or id_in(act.field("after")),
        said=" ".join(chosen.faults),
        backwards=before is not None,
    )


def begin(act: Act) -> Done:
    """Claim the comment that is open. Whoever was faster has it, which the page says."""
    comment_id = comment_of(act)
    with open_session(get_engine()) as session:
        if session.get(Comment, comment_id) is None:
            raise no_comment(comment_id)
        claims.take(session, comment_id, act.caller.user_id, now())
        session.commit()
    return Done("", topics=(Topic.COMMENTS,))


def onward(
    wanted: Wanted, user_id: int, left: int | None, *, said: str = "", backwards: bool = False
) -> Done:
    """On to the next comment, which is claimed; where there is none, that is said.

    Parameters:
      left: the comment that is left; None: one begins.
      said: what was done before.
    """
    with open_session(get_engine()) as session:
        settle_held_for_long(session, now())
        if left is not None:
            claims.release(session, left, user_id)
        comment_id = offer(session, wanted, user_id, left, backwards=backwards)
        session.commit()
    if comment_id is None:
        which = "No comment" if left is None else f"That was the {'first' if backwards else 'last'} comment"
        end = f"{which} of those chosen{' waits' if left is None else ''} that nobody is at."
        return Done(f"{said} {end}".strip(), address(wanted), (Topic.COMMENTS,))
    return Done(said, address(wanted, comment=comment_id), (Topic.COMMENTS,))


def offer(
    session: Session, wanted: Wanted, user_id: int, left: int | None, *, backwards: bool = False
) -> int | None:
    """Claim the next comment for a moderator; None: there is none beyond the one that is left."""
    here = None if left is None else waiting.place_of(session, wanted, left)
    viewer = Viewer(user_id, now())
    found = waiting.page(session, wanted, viewer, limit=CANDIDATES, beyond=here, backwards=backwards)
    for place in found.places:  # somebody else may have been faster
        if claims.take(session, place.comment_id, user_id, viewer.now).user_id == user_id:
            return place.comment_id
    return None


def wanted_of(session: Session, act: Act) -> Wanted:
    """Which comments a form is about: those of the address that it stands at."""
    return filter_of(session, act).wanted


def filter_of(session: Session, act: Act) -> Filter:
    """The same, with what of it makes no sense or is not there any more."""
    return known_filter(session, dict(parse_qsl(act.field("query"))))


def comment_of(act: Act) -> int:
    """The comment that a form is about.

    Raises:
      BadPayload: it names none.
    """
    comment_id = id_in(act.field("comment"))
    if comment_id is None:
        raise BadPayload(f"comment: it must be the id of one (it is {act.field('comment')[:20]!r})")
    return comment_id


def no_comment(comment_id: int) -> NotHere:
    """Of a comment that is not there."""
    return NotHere(
        f"There is no comment {comment_id}: its publisher may have deleted it, or the address is wrong.",
        ("What waits for a moderator", "/ui/moderate"),
    )
