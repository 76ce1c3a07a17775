"""What moderators do at the desk: an act becomes jobs of OSMod's tasks, once however often its form is sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from osmod.moderation.desk.claims import hold, of_others
from osmod.moderation.desk.outcomes import settle_held
from osmod.moderation.desk.states import last_decisions, marks, state_of
from osmod.moderation.errors import Conflict
from osmod.moderation.lookups import lock_comments
from osmod.moderation.models import Claim, Comment, CommentFlag, CommentSummaryScore, DeskAct
from osmod.moderation.work import Work

Name = Literal["approve", "reject", "defer", "highlight", "reset", "tag"]
NAMES: tuple[Name, ...] = ("approve", "reject", "defer", "highlight", "reset", "tag")
#: The task of an act, and the one that resolves a comment's open flags, too.
TASKS: dict[Name, tuple[str, str]] = {
    "approve": ("acceptComments", "acceptCommentsAndFlags"),
    "reject": ("rejectComments", "rejectCommentsAndFlags"),
    "defer": ("deferComments", "deferComments"),
    "highlight": ("highlightComments", "highlightComments"),
    "reset": ("resetComments", "resetComments"),
}
#: What is said of a form that did something else before.
USED = "form: it was sent before, for something else, so nothing was done: load the page anew"
#: Comments of one act at most.
MOST = 1_000
#: A moderator's own acts that are kept, to be taken back.
KEPT = 100


@dataclass(frozen=True)
class Asked:
    """What a moderator wants done.

    Attributes:
      form: the id of the form.
      seen: the mark (`states.marks`) of each comment as it was shown; one without is not looked at.
      anyway: whether it is done, too, where another moderator is at it; not where a decision is on its way.
      tag_id, span: of a tag, or of the reason for a rejection; the span in UTF-16 units.
    """

    form: str
    act: Name
    user_id: int
    comment_ids: Sequence[int]
    seen: dict[int, str] = field(default_factory=dict)
    anyway: bool = False
    tag_id: int | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Stale:
    """A comment that is not what was shown. `held_by`: the user who is at it or has just decided; None: it changed."""

    comment_id: int
    held_by: int | None


@dataclass(frozen=True)
class Done:
    """What came of it. `row`: the act, if any comment was left to do it to.

    Attributes:
      stale: comments that were left alone.
      gone: comments that are not there any more, or have no article.
      repeated: the form was sent before, and nothing was done again.
    """

    row: DeskAct | None
    stale: tuple[Stale, ...] = ()
    gone: tuple[int, ...] = ()
    repeated: bool = False


def perform(work: Work, asked: Asked) -> Done:
    """Write the act down and owe its jobs, in one transaction; comments are held until these are done.

    Raises:
      Conflict: the form did something else before. Nothing is done then.
    """
    session = work.session
    lock_comments(session, asked.comment_ids)
    before = by_form(session, asked.form)
    if before is not None:
        refuse_other(before, asked.user_id, asked.act, asked.comment_ids, _detail(asked))
        return Done(before, repeated=True)
    comments = list(
        session.scalars(select(Comment).where(Comment.id.in_(asked.comment_ids)).order_by(Comment.id))
    )
    comments = [comment for comment in comments if comment.article_id is not None]
    gone = set(asked.comment_ids) - {comment.id for comment in comments}
    stale = _stale(work, asked, comments)
    left_alone = {one.comment_id for one in stale}
    decided = last_decisions(session, [comment.id for comment in comments])
    resolved = _resolved(session, [comment.id for comment in comments])
    entries = [
        {
            **_send(work, asked, one, len(comments) > 1),
            "decision": decided.get(one.id),
            "resolved": resolved.get(one.id, []),
        }
        for one in comments
        if one.id not in left_alone
    ]
    row = None
    if entries:
        row = _write(work, asked, entries)
        if asked.act != "tag":
            hold(session, [entry["id"] for entry in entries], asked.user_id, asked.form, work.now)
    return Done(row, tuple(stale), tuple(sorted(gone)))


def by_form(session: Session, form: str) -> DeskAct | None:
    """The act that a form did; None: it did none."""
    return session.scalars(select(DeskAct).where(DeskAct.form == form)).first()


def refuse_other(
    before: DeskAct, user_id: int, act: str, comment_ids: Collection[int], detail: dict[str, Any]
) -> None:
    """Refuse a form that did something else before than it is sent for now: that would be taken for done.

    Raises:
      Conflict: another user, another act, another tag or reason, or other comments.
    """
    same = (before.user_id, before.act, before.detail) == (user_id, act, detail)
    if not same or not {entry["id"] for entry in before.comments} <= set(comment_ids):
        raise Conflict(USED)


def latest(session: Session, user_id: int, limit: int) -> Sequence[DeskAct]:
    """A moderator's last acts, newest first."""
    return _mine(session, user_id, select(DeskAct).order_by(DeskAct.id.desc()).limit(limit))


def number(session: Session, user_id: int) -> int:
    """A number that grows with every act of a moderator."""
    return int(_mine(session, user_id, select(func.coalesce(func.max(DeskAct.id), 0)))[0])


def last(session: Session, user_id: int) -> DeskAct | None:
    """The last act of a moderator that was not taken back, and takes back none itself."""
    taken_back = set(_mine(session, user_id, select(DeskAct.undoes)))
    rows: Sequence[DeskAct] = _mine(session, user_id, select(DeskAct).order_by(DeskAct.id.desc()))
    return next((row for row in rows if row.undoes is None and row.form not in taken_back), None)


def _mine(session: Session, user_id: int, statement: Select[Any]) -> Sequence[Any]:
    """Of a moderator's acts, of which few are kept."""
    return session.scalars(statement.where(DeskAct.user_id == user_id)).all()


def _stale(work: Work, asked: Asked, comments: Sequence[Comment]) -> list[Stale]:
    now = marks(work.session, list(comments))
    settle_held(work.session, of_others(work.session, now, asked.user_id, work.now).values())
    held = of_others(work.session, now, asked.user_id, work.now)
    found = []
    for comment_id, mark in now.items():
        claim = held.get(comment_id)
        if claim is not None and not (asked.anyway and claim.form is None):
            found.append(Stale(comment_id, claim.user_id))
        elif asked.seen.get(comment_id, mark) != mark:
            found.append(Stale(comment_id, None))
    return found


def _send(work: Work, asked: Asked, comment: Comment, is_batch: bool) -> dict[str, Any]:
    """Owe the jobs of one comment; what is remembered of it."""
    reason: dict[str, Any] = {"also": []}
    if asked.act == "tag":
        job = _tag(work, asked, comment)
    else:
        plain, with_flags = TASKS[asked.act]
        task = with_flags if comment.unresolved_flags_count else plain
        job = owe(work, task, comment_id=comment.id, user_id=asked.user_id, is_batch_action=is_batch)
        if asked.tag_id is not None:
            reason = _reason(work, asked.tag_id, comment.id, asked.user_id)
    return {
        "id": comment.id,
        "job": job,
        **reason,
        "was": state_of(comment),
        "highlighted": bool(comment.is_highlighted),
    }


def _reason(work: Work, tag_id: int, comment_id: int, user_id: int) -> dict[str, Any]:
    """Say why a comment is rejected, as OSMod's client does: that the score for it is right, or 1 where there is none.

    The client does the one on its pages of new comments, where a reason without a score is lost, and the other on
    those of decided ones, where the scorer's score is.
    """
    score = work.session.get(CommentSummaryScore, (comment_id, tag_id))
    task = "tagCommentSummaryScores" if score is None else "confirmCommentSummaryScore"
    said = score and {"is_confirmed": score.is_confirmed, "confirmed_user_id": score.confirmed_user_id}
    return {
        "also": [owe(work, task, comment_id=comment_id, tag_id=tag_id, user_id=user_id)],
        "said": said,
    }


def _resolved(session: Session, comment_ids: Collection[int]) -> dict[int, list[int]]:
    """For each comment the flags that are resolved already: those that an act resolves are others."""
    found: dict[int, list[int]] = {}
    flags = select(CommentFlag.comment_id, CommentFlag.id).where(
        CommentFlag.comment_id.in_(comment_ids), CommentFlag.is_resolved.is_(True)
    )
    for comment_id, flag_id in session.execute(flags):
        found.setdefault(comment_id or 0, []).append(flag_id)
    return found


def _tag(work: Work, asked: Asked, comment: Comment) -> str:
    shared = {"comment_id": comment.id, "tag_id": asked.tag_id, "user_id": asked.user_id}
    if asked.span is None:
        return owe(work, "tagComments", **shared)
    start, end = asked.span
    return owe(work, "addTag", **shared, annotation_start=start, annotation_end=end)


def owe(work: Work, task: str, **arguments: Any) -> str:
    """Owe a job; the id that its message will have."""
    work.enqueue(task, **arguments)
    return work.owed[-1].message_id


def _write(work: Work, asked: Asked, entries: list[dict[str, Any]]) -> DeskAct:
    return write(work, asked.form, asked.user_id, asked.act, entries, _detail(asked))


def _detail(asked: Asked) -> dict[str, Any]:
    """What is written down of a tag or a reason."""
    span = {"start": asked.span[0], "end": asked.span[1]} if asked.span else {}
    return {} if asked.tag_id is None else {"tag_id": asked.tag_id, **span}


def write(
    work: Work,
    form: str,
    user_id: int,
    act: str,
    entries: list[dict[str, Any]],
    detail: dict[str, Any],
    undoes: str | None = None,
) -> DeskAct:
    """Write an act down, and forget those of the same moderator that nobody takes back any more.

    One that still holds comments is kept: it says when they are let go.
    """
    row = DeskAct(
        form=form, user_id=user_id, act=act, at=work.now, detail=detail, comments=entries, undoes=undoes
    )
    work.session.add(row)
    work.session.flush()
    mine = DeskAct.user_id == user_id
    newest = select(DeskAct.id).where(mine).order_by(DeskAct.id.desc())
    oldest = work.session.scalar(newest.offset(KEPT - 1).limit(1))
    if oldest is not None:
        holding = select(Claim.form).where(Claim.form.is_not(None))
        old = delete(DeskAct).where(mine, DeskAct.id < oldest, DeskAct.form.not_in(holding))
        work.session.execute(old.execution_options(synchronize_session=False))
    return row
