"""Publishers: who is told of decisions, what each has not heard, and having decisions told again."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

import dramatiq

from osmod.access.roles import Permission
from osmod.moderation.database import open_session
from osmod.moderation.models import DeliveryState, now
from osmod.moderation.publishing import overview, steering
from osmod.moderation.publishing.steering import Replay
from osmod.operating.publisher_trial import LONGEST, try_publisher
from osmod.operating.publishers import (
    PublisherState,
    disable_publisher,
    enable_publisher,
    publisher_states,
    replay_deliveries,
)
from osmod.task import get_engine
from osmod.web.pages.frame.page import UI, NotHere, Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.problems import Problem

page = Page("publishers", "/publishers", "Publishers", Permission.SEE_JOBS)

#: Characters of an answer that are told; a cookie holds them until the next page where no scripts run.
SHOWN = 200
#: Deliveries shown, and the states that one may ask for.
DELIVERIES = 50
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)
#: The largest id that a row can have.
_LARGEST = 2**63 - 1
_CHANGED = (Topic.PUBLISHERS, Topic.AUDIT)


@page.look
def frame(view: View) -> dict[str, Any]:
    """What is asked for."""
    return {
        "states": STATES,
        "asked": {name: view.query.get(name, "") for name in ("publisher", "comment", "state")},
    }


@page.fragment("list", Topic.PUBLISHERS)
def publishers(view: View) -> dict[str, Any]:
    """A card a publisher."""
    with open_session(get_engine()) as session:
        found = list(publisher_states(session, now()))
        failed = {
            one.standing.owner_id: steering.replayable(session, Replay(owner_id=one.standing.owner_id))
            for one in found
        }
    return {
        "publishers": found,
        "failed": failed,
        "may_steer": view.may(Permission.STEER_JOBS),
        "deliveries_at": _at,
        "longest": LONGEST,
    }


@page.fragment("deliveries", Topic.PUBLISHERS)
def deliveries(view: View) -> dict[str, Any]:
    """The last decisions that publishers were to be told."""
    asked, wrong = _asked(view)
    with open_session(get_engine()) as session:
        rows = overview.deliveries(session, limit=DELIVERIES, **asked)
        attempts = overview.attempts_of_each(session, [row.id for row in rows])
        session.expunge_all()
    return {
        "rows": rows,
        "attempts": attempts,
        "wrong": wrong,
        "now": now(),
        "may_steer": view.may(Permission.STEER_JOBS),
        "is_all": not view.query,
    }


@page.act("/publishers/{publisher}/disable", Permission.STEER_JOBS)
def disable(form: Act) -> Done:
    """Tell it nothing from now on."""
    one, reason = _publisher(form), form.field("reason")[:1_000]
    owner_id = one.standing.owner_id
    if not disable_publisher(get_engine(), dramatiq.get_broker(), owner_id, by=form.by, reason=reason):
        return Done(f"{_name(one)} is disabled already.")
    return Done(f"{_name(one)} is told nothing more; what is decided is held for it.", topics=_CHANGED)


@page.act("/publishers/{publisher}/enable", Permission.STEER_JOBS)
def enable(form: Act) -> Done:
    """Tell it again, what was held for it first."""
    one, reason = _publisher(form), form.field("reason")[:1_000]
    held = enable_publisher(
        get_engine(), dramatiq.get_broker(), one.standing.owner_id, by=form.by, reason=reason
    )
    if held is None:
        return Done(f"{_name(one)} is not disabled.")
    return Done(
        f"{_name(one)} is told again, {held:,} held decision{'s' * (held != 1)} first.", topics=_CHANGED
    )


@page.act("/publishers/{publisher}/replay", Permission.STEER_JOBS)
def replay_failed(form: Act) -> Done:
    """Tell it again what it could not be told, as many as were counted."""
    one = _publisher(form)
    wanted = Replay(owner_id=one.standing.owner_id)
    with open_session(get_engine()) as session:
        number = steering.replayable(session, wanted)
    if form.field("confirm") != str(number):
        raise Problem(
            409,
            f"Nothing was changed: by now {number:,} deliveries could be told again. Look, and say so again.",
        )
    return _replayed(form, wanted)


@page.act("/deliveries/{delivery}/replay", Permission.STEER_JOBS)
def replay_one(form: Act) -> Done:
    """Tell one decision again, if it is the newest of its comment."""
    delivery = _row_id(form.params["delivery"])
    if delivery is None:
        raise NotHere("There is no such delivery.", _HERE)
    return _replayed(form, Replay(ids=(delivery,)))


@page.act("/publishers/{publisher}/test", Permission.STEER_JOBS)
def test_publisher(form: Act) -> Done:
    """Send its webhook a text, here and now."""
    one, text = _publisher(form), form.field("text")
    if not 0 < len(text) <= LONGEST:
        raise Problem(422, f"The text has {len(text):,} characters; 1 to {LONGEST:,} are sent.", field="text")
    trial = try_publisher(dramatiq.get_broker(), one, text, by=form.by, reason=form.field("reason")[:1_000])
    answer = f" Its answer begins: {trial.answer[:SHOWN]}" if trial.answer else ""
    if trial.problem:
        raise Problem(502, f"{_name(one)}: {trial.words}.{answer}", title="Not acknowledged")
    return Done(f"{_name(one)} {trial.words}.{answer}", topics=(Topic.AUDIT,))


def _replayed(form: Act, wanted: Replay) -> Done:
    reason = form.field("reason")[:1_000]
    done = replay_deliveries(get_engine(), dramatiq.get_broker(), wanted, by=form.by, reason=reason)
    if not done:
        raise Problem(
            409,
            "Nothing was changed: only what failed or was delivered can be told again, and of each comment only its "
            "newest decision.",
        )
    return Done(f"{done:,} deliver{'y' if done == 1 else 'ies'} told again within a minute.", topics=_CHANGED)


#: Where there is more of them.
_HERE = ("Publishers", "/ui/publishers")


def _publisher(form: Act) -> PublisherState:
    with open_session(get_engine()) as session:
        for one in publisher_states(session, now()):
            if str(one.standing.owner_id) == form.params["publisher"]:
                return one
    raise NotHere(
        f"There is no publisher {form.params['publisher'][:20]}: it was deleted, or is one no more.", _HERE
    )


def _name(one: PublisherState) -> str:
    return one.standing.name or f"Publisher {one.standing.owner_id}"


def _asked(view: View) -> tuple[dict[str, Any], list[str]]:
    """The deliveries that the address asks for, and what in it makes no sense."""
    asked: dict[str, Any] = {}
    wrong = []
    for name, field in (("publisher", "owner_id"), ("comment", "comment_id")):
        if typed := view.query.get(name, "").strip():
            asked[field] = _row_id(typed)
            if asked[field] is None:
                wrong.append(f"{name}: {typed[:40]!r} is no id; write a number.")
    state = view.query.get("state", "")
    if state in STATES:
        asked["state"] = state
    elif state:
        wrong.append(f"state: there is no state {state[:40]!r}; there are {', '.join(STATES)}.")
    return asked, wrong


def _row_id(typed: str) -> int | None:
    if typed.isascii() and typed.isdecimal() and len(typed) < 20 and int(typed) <= _LARGEST:
        return int(typed)
    return None


def _at(publisher: int, state: str) -> str:
    """The address of a publisher's deliveries in a state."""
    return f"{UI}/publishers?{urlencode({'publisher': publisher, 'state': state})}#deliveries"
