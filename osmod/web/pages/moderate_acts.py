"""What the forms of the page *Moderate* do: an act on one comment, on all of a range, and one taken back."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from osmod.moderation.database import open_session
from osmod.moderation.desk import acts, waiting
from osmod.moderation.desk.acts import MOST, Asked, Stale
from osmod.moderation.desk.outcomes import done_jobs, jobs_of, settle
from osmod.moderation.desk.queues import Wanted
from osmod.moderation.desk.states import marks
from osmod.moderation.desk.undo import TakenBack, take_back, undos_of
from osmod.moderation.desk.waiting import Viewer
from osmod.moderation.errors import BadPayload, Refused
from osmod.moderation.models import Comment, User, now
from osmod.moderation.work import Committed
from osmod.settings import get_settings
from osmod.task import commit, get_engine
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done
from osmod.web.pages.frame.words import number, plural
from osmod.web.pages.moderate_claims import comment_of, filter_of, onward, wanted_of
from osmod.web.pages.moderate_filter import address, id_in
from osmod.web.pages.moderate_outcomes import VERBS, failures

_log = logging.getLogger(__name__)

#: What can be done to a whole range.
BATCHES: tuple[acts.Name, ...] = ("approve", "reject", "defer")
#: What an act changes.
CHANGED = (Topic.COMMENTS,)


def act_on_one(act: Act) -> Done:
    """Do something to one comment, and go on to the next."""
    comment_id = comment_of(act)
    name = _name(act, acts.NAMES)
    asked = Asked(
        form=_form(act),
        act=name,
        user_id=act.caller.user_id,
        comment_ids=[comment_id],
        seen={comment_id: act.field("mark")},
        anyway=act.field("anyway") == "1",
        tag_id=_optional_id(act, "tag_id"),
        span=_span(act),
    )
    if name == "tag" and asked.tag_id is None:
        raise BadPayload("tag: choose one from the list; nothing was tagged")
    if name == "reject" and asked.tag_id is None and get_settings().require_reason_to_reject:
        raise BadPayload("reason: choose why it is rejected; nothing was done")
    with open_session(get_engine()) as session:
        wanted = wanted_of(session, act)
    done = _commit(asked)
    stay = address(wanted, comment=comment_id)
    if done.gone:
        return Done(_nothing(f"comment {comment_id} is gone, or has no article"), address(wanted))
    if done.stale:
        return Done(_nothing(_why(done.stale[0])), stay)
    if name == "tag":
        return Done(f"Comment {comment_id} is tagged.", stay, CHANGED)
    words = f"{VERBS[done.row.act if done.row else name]} comment {comment_id}."
    return _and_on(wanted, act.caller.user_id, comment_id, words)


def act_on_range(act: Act) -> Done:
    """Do something to all comments that are meant and that nobody is at, if they are as many as was said."""
    name, form = _name(act, BATCHES), _form(act)
    user_id = act.caller.user_id
    with open_session(get_engine()) as session:
        chosen = filter_of(session, act)
        wanted = chosen.wanted
        before = acts.by_form(session, form)
        of_range = range_of(session, wanted, Viewer(user_id, now()))
        meant = [place.comment_id for place in of_range.places]
        seen = marks(session, list(session.scalars(select(Comment).where(Comment.id.in_(meant)))))
    if before is not None:  # those that it was sent for are not meant any more
        acts.refuse_other(before, user_id, name, [entry["id"] for entry in before.comments], {})
        return _all_done(before.act, len(before.comments), "", wanted)
    if chosen.faults:  # others would be meant in place of those that were chosen
        return Done(_nothing(" ".join(chosen.faults).rstrip(".")), address(wanted))
    if str(len(meant)) != act.field("count"):
        found = plural(len(meant), "comment is", "comments are")
        said = f"{found} meant now, not {act.field('count')[:12]}: look again"
        return Done(_nothing(said), address(wanted, batch=name))
    if not meant:
        return Done(_nothing("no comment is meant"), address(wanted))
    done = _commit(Asked(form, name, user_id, meant, seen))
    changed = len(done.row.comments) if done.row else 0
    left = (
        f", and left alone {number(len(done.stale))} that others are at or have decided on"
        if done.stale
        else ""
    )
    return _all_done(name, changed, left, wanted)


def undo(act: Act) -> Done:
    """Take back the reader's last act, or the one that is named."""
    user_id = act.caller.user_id
    with open_session(get_engine()) as session:
        wanted = wanted_of(session, act)
        named = act.field("undoes")
        target = acts.by_form(session, named) if named else acts.last(session, user_id)
        failed = {
            job
            for one in ([target, *undos_of(session, target)] if target else ())
            for job in failures(session, one, done_jobs(session, one))
        }
    form = _form(act)
    taken = commit(lambda work: take_back(work, form, user_id, named or None, failed)).value
    assert taken is not None
    if taken.row is None:
        return Done(_nothing(_why_not_taken_back(taken)), address(wanted))
    left = (
        f" {plural(len(taken.changed), 'comment')} were left, as others decided since."
        if taken.changed
        else ""
    )
    entries = taken.row.comments
    only = entries[0]["id"] if len(entries) == 1 else None
    words = f"Comment {only} is" if only else f"{plural(len(entries), 'comment')} are"
    return Done(f"{words} put back.{left}", address(wanted, comment=only), CHANGED)


def _why_not_taken_back(taken: TakenBack) -> str:
    if taken.before:
        return "it is being taken back already" if taken.pending else "it was taken back before"
    if taken.pending:
        return "it is on its way still; try again in a moment"
    return "somebody has decided on it since" if taken.changed else "there is nothing to take back"


def range_of(session: Session, wanted: Wanted, viewer: Viewer) -> waiting.Page:
    """The comments that an act on the whole range is about: those that are meant and free, `MOST` at most."""
    return waiting.page(session, wanted, viewer, limit=MOST)


def _and_on(wanted: Wanted, user_id: int, left: int, said: str) -> Done:
    """To the next comment. Where the database is away by now, what was done is said all the same."""
    try:
        return onward(wanted, user_id, left, said=said)
    except DBAPIError as error:
        _log.warning("no next comment is to be had after an act that was done: %s", error)
        return Done(said, address(wanted, comment=left), CHANGED)


def _all_done(act: str, changed: int, left: str, wanted: Wanted) -> Done:
    return Done(f"{VERBS[act]} {plural(changed, 'comment')}{left}.", address(wanted), CHANGED)


def _commit(asked: Asked) -> acts.Done:
    """Where there is no queue the jobs run at once; one that fails lets go of its comments."""
    try:
        committed: Committed[acts.Done] = commit(lambda work: acts.perform(work, asked))
    except Refused:
        with open_session(get_engine()) as session:
            row = acts.by_form(session, asked.form)
            if row is not None:
                settle(session, row, (), jobs_of(row))
                session.commit()
        raise
    assert committed.value is not None
    return committed.value


def _form(act: Act) -> str:
    form = act.field("form")
    if not form:
        raise BadPayload("form: an id of your own is missing, by which one that is sent twice acts once")
    return form[:36]


def _name(act: Act, known: Sequence[acts.Name]) -> acts.Name:
    for name in known:
        if name == act.field("act"):
            return name
    raise BadPayload(f"act: there are {', '.join(known)} (it is {act.field('act')[:20]!r})")


def _optional_id(act: Act, name: str) -> int | None:
    text = act.field(name)
    if not text:
        return None
    number_ = id_in(text)
    if number_ is None:
        raise BadPayload(f"{name}: choose one from the list (it is {text[:20]!r})")
    return number_


def _span(act: Act) -> tuple[int, int] | None:
    """The part of the text that is meant, in UTF-16 units; None: all of it."""
    start, end = act.field("start"), act.field("end")
    if not start and not end:
        return None
    if not all(one.isascii() and one.isdigit() and len(one) < 10 for one in (start, end)):
        raise BadPayload("from, to: two whole numbers, the characters before the span and up to its end")
    if int(start) >= int(end):
        raise BadPayload(f"from, to: the span ends ({end}) before it begins ({start}); nothing was tagged")
    return int(start), int(end)


def _why(stale: Stale) -> str:
    if stale.held_by is None:
        return f"comment {stale.comment_id} is not what you saw any more; this is how it stands now"
    with open_session(get_engine()) as session:
        user = session.get(User, stale.held_by)
    name = user.name if user else f"user {stale.held_by}"
    return f"{name} is at comment {stale.comment_id}, or has just decided on it"


def _nothing(why: str) -> str:
    return f"Nothing was done: {why}."
