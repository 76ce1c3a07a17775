"""An act at the desk taken back: each of its comments is put back where it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.moderation.desk.acts import USED, by_form, last, owe, write
from osmod.moderation.desk.claims import hold, of_others
from osmod.moderation.desk.outcomes import done_jobs, entry_jobs, settle, settle_held
from osmod.moderation.desk.states import State, state_of
from osmod.moderation.errors import Conflict
from osmod.moderation.lookups import lock_comments
from osmod.moderation.models import Comment, CommentFlag, CommentScore, Decision, DeskAct
from osmod.moderation.work import Work

#: What an act makes of a comment.
_MAKES: dict[str, State] = {
    "approve": "accepted",
    "highlight": "accepted",
    "reject": "rejected",
    "defer": "deferred",
    "reset": "undecided",
}
#: Acts that record a decision.
_DECIDES = ("approve", "reject", "defer")
#: Acts that resolve flags.
_RESOLVES = ("approve", "reject")
_BACK_TO: dict[State, str] = {
    "undecided": "resetComments",
    "accepted": "acceptComments",
    "rejected": "rejectComments",
    "deferred": "deferComments",
}


@dataclass(frozen=True)
class TakenBack:
    """What came of it.

    Attributes:
      row: the act that takes back; None: there was nothing to do, or it is too early.
      pending: comments whose jobs are not done yet. While there are any, nothing is taken back.
      changed: comments that somebody has decided on since; they are left as they are.
      before: it was taken back before; or is being, where there are `pending`.
    """

    row: DeskAct | None
    pending: int = 0
    changed: tuple[int, ...] = ()
    before: bool = False


def task_back(act: str, was: State, *, highlighted: bool) -> str:
    """The task that puts a comment back.

    A highlight that is taken off again is a second toggle, which accepts; so one on a comment that was rejected or
    deferred is taken back by a reset: the comment is undecided then.
    """
    if act == "highlight":
        return "highlightComments" if was == "accepted" else "resetComments"
    if act == "reset" and highlighted:
        return "highlightComments"
    return _BACK_TO[was]


def take_back(
    work: Work, form: str, user_id: int, act_form: str | None = None, failed: Collection[str] = ()
) -> TakenBack:
    """Take an act back, a moderator's last one by default.

    What it changed is as it was before: the state, the flags that it resolved, the reason that was said, the tag.

    Parameters:
      form: of this act: sent twice, it does so once.
      failed: jobs of the act that are known to have failed, so that there is nothing to take back; and of those that
        took it back, so that it is not, or its flags or the reason are not: that can be done again.

    Raises:
      Conflict: the form did something else before. Nothing is done then.
    """
    session = work.session
    if (repeated := by_form(session, form)) is not None:
        if repeated.user_id != user_id or repeated.undoes is None or act_form not in (None, repeated.undoes):
            raise Conflict(USED)
        return TakenBack(repeated)
    act = last(session, user_id) if act_form is None else by_form(session, act_form)
    if act is None or act.user_id != user_id or act.undoes is not None:
        return TakenBack(None)
    lock_comments(session, (entry["id"] for entry in act.comments))
    before = undos_of(session, act)
    done = done_jobs(session, act).union(*(done_jobs(session, one) for one in before))
    failed = set(failed) - done
    over = {*done, *failed}
    entries = [entry for entry in act.comments if entry["job"] not in failed]
    last_try = {entry["id"]: entry for one in before for entry in one.comments}
    if before:
        entries = [entry for entry in entries if _is_left(last_try.get(entry["id"]), done, failed)]
        if not entries:
            late = [one for one in last_try.values() if not over.issuperset(entry_jobs(one))]
            return TakenBack(None, len(late), before=True)
    pending = [entry for entry in entries if not over.issuperset(entry_jobs(entry))]
    if pending:
        return TakenBack(None, len(pending))
    for one in (act, *before):
        settle(session, one, done, failed)
    stale, taken = [], []
    on_its_way = _on_its_way(work, entries, user_id)
    for entry in entries:
        back = last_try[entry["id"]]["job"] if before else ""
        if entry["id"] in on_its_way:
            jobs = []
        elif back in done:  # but not its flags or the reason
            jobs = _put_back_the_rest(work, act, entry, back)
        else:
            jobs = _put_back(work, act, entry, user_id)
        if jobs:
            taken.append({**entry, "job": jobs[0], "also": jobs[1:]})
        else:
            stale.append(entry["id"])
    if not taken:
        return TakenBack(None, changed=tuple(stale))
    row = write(work, form, user_id, f"undo {act.act}", taken, act.detail, undoes=act.form)
    if act.act != "tag":
        hold(session, [entry["id"] for entry in taken], user_id, form, work.now)
    return TakenBack(row, changed=tuple(stale))


def undos_of(session: Session, act: DeskAct) -> Sequence[DeskAct]:
    """The acts that take an act back, in their order: several where one failed."""
    mine = DeskAct.user_id == act.user_id
    undoing = select(DeskAct).where(mine, DeskAct.undoes == act.form)
    return session.scalars(undoing.order_by(DeskAct.id)).all()


def _is_left(tried: dict[str, Any] | None, done: Collection[str], failed: Collection[str]) -> bool:
    """Whether a comment was to be put back, and was not the last time, or its flags or the reason were not."""
    if tried is None:
        return False
    return tried["job"] in failed or (tried["job"] in done and not set(failed).isdisjoint(entry_jobs(tried)))


def _on_its_way(work: Work, entries: Collection[dict[str, Any]], user_id: int) -> set[int]:
    """The comments that somebody has decided on anew, which has no effect yet."""
    ids = [entry["id"] for entry in entries]
    settle_held(work.session, of_others(work.session, ids, user_id, work.now).values())
    held = of_others(work.session, ids, user_id, work.now).values()
    return {claim.comment_id for claim in held if claim.form is not None}


def _put_back(work: Work, act: DeskAct, entry: dict[str, Any], user_id: int) -> list[str]:
    """The jobs that do it; none where the comment is gone or not what the act made of it."""
    comment = work.session.get(Comment, entry["id"])
    if comment is None:
        return []
    if act.act == "tag":
        return _untag(work, act, comment.id)
    if (state_of(comment), bool(comment.is_highlighted)) != _as_left(act, entry):
        return []
    if not _is_last(work.session, act, entry):
        return []
    task = task_back(act.act, entry["was"], highlighted=entry["highlighted"])
    back = owe(work, task, comment_id=comment.id, user_id=user_id, is_batch_action=False)
    return [back, *_reopen(work, act, entry), *_unsay(work, act, entry)]


def _put_back_the_rest(work: Work, act: DeskAct, entry: dict[str, Any], back: str) -> list[str]:
    """The job `back` has put a comment back, and those that do the same with its flags and the reason; none where
    nothing is left of these, or somebody has decided on it since."""
    comment = work.session.get(Comment, entry["id"])
    if comment is None or (state_of(comment), bool(comment.is_highlighted)) != _as_before(entry):
        return []
    if not _is_last(work.session, act, entry):
        return []
    rest = [*_reopen(work, act, entry), *_unsay(work, act, entry)]
    return [back, *rest] if rest else []


def _reopen(work: Work, act: DeskAct, entry: dict[str, Any]) -> list[str]:
    """Open the flags again that the act resolved: those of its moderator that were not resolved before."""
    if act.act not in _RESOLVES or "resolved" not in entry:  # an act of an earlier version
        return []
    flags = work.session.scalars(
        select(CommentFlag.id).where(
            CommentFlag.comment_id == entry["id"],
            CommentFlag.is_resolved.is_(True),
            CommentFlag.resolved_by_id == act.user_id,
            CommentFlag.id.not_in(entry["resolved"]),
        )
    ).all()
    if not flags:
        return []
    return [owe(work, "reopenFlags", comment_id=entry["id"], flag_ids=list(flags), user_id=act.user_id)]


def _unsay(work: Work, act: DeskAct, entry: dict[str, Any]) -> list[str]:
    """Take back the reason that was said."""
    if act.detail.get("tag_id") is None:
        return []
    if "said" not in entry:  # an act of an earlier version, which tagged the comment
        return _untag(work, act, entry["id"])
    said = entry["said"] or {"is_new": True}
    about = {"comment_id": entry["id"], "tag_id": act.detail["tag_id"], "user_id": act.user_id}
    return [owe(work, "restoreSummaryScore", **about, **said)]


def _untag(work: Work, act: DeskAct, comment_id: int) -> list[str]:
    """Take off what the act tagged, the newest of the same where there are several."""
    tag_id = act.detail.get("tag_id")
    if tag_id is None:
        return []
    found = work.session.scalars(
        select(CommentScore.id)
        .where(
            CommentScore.comment_id == comment_id,
            CommentScore.tag_id == tag_id,
            CommentScore.user_id == act.user_id,
            CommentScore.source_type == "Moderator",
            CommentScore.annotation_start.is_not_distinct_from(act.detail.get("start")),
            CommentScore.annotation_end.is_not_distinct_from(act.detail.get("end")),
        )
        .order_by(CommentScore.id.desc())
    ).first()
    return [] if found is None else [owe(work, "removeTag", comment_score_id=found)]


def _as_left(act: DeskAct, entry: dict[str, Any]) -> tuple[State, bool]:
    """What the act made of a comment, and whether that was highlighted then: decisions leave that as it is."""
    highlighted = {"highlight": not entry["highlighted"], "reset": False}.get(act.act, entry["highlighted"])
    return _MAKES[act.act], highlighted


def _as_before(entry: dict[str, Any]) -> tuple[State, bool]:
    """What a comment was before the act, and is once it is put back."""
    return entry["was"], entry["highlighted"]


def _is_last(session: Session, act: DeskAct, entry: dict[str, Any]) -> bool:
    """Whether nothing was decided on a comment since; of acts that record no decision, since before them."""
    newest = select(Decision).where(Decision.comment_id == entry["id"]).order_by(Decision.id.desc())
    decision = session.scalars(newest.limit(1)).first()
    if act.act in _DECIDES:
        return decision is not None and decision.user_id == act.user_id
    before: int | None = entry["decision"]
    return before == (decision and decision.id)
