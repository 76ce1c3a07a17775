"""Two moderators never work on the same comment unknowingly."""

from __future__ import annotations

from datetime import timedelta

import pytest

from osmod.moderation.database import open_session
from osmod.moderation.desk import claims
from osmod.moderation.models import Claim, now
from tests.moderation.waiting import in_thread, until_waiting
from tests.moderation.world import World

ANN, BEN = 1, 2
START = now().replace(microsecond=0)


def take(world: World, user_id: int, after: timedelta = timedelta()) -> Claim:
    """Have somebody open comment 7, so long after the start."""
    with open_session(world.engine) as session:
        claim = claims.take(session, 7, user_id, START + after)
        session.commit()
        return claim


def look(world: World, user_id: int, after: timedelta = timedelta()) -> Claim | None:
    """Have somebody look at comment 7, so long after the start."""
    with open_session(world.engine) as session:
        claim = claims.renew(session, 7, user_id, START + after)
        session.commit()
        return claim


def test_who_is_first_has_it(world: World) -> None:
    """Who comes second learns who is at it and since when; looking on renews the claim, and begins none."""
    assert None is look(world, ANN)
    assert ANN == take(world, ANN).user_id
    assert (ANN, START) == (take(world, BEN).user_id, take(world, BEN).since)
    renewed = look(world, ANN, timedelta(minutes=4))
    assert renewed is not None
    assert (START, START + timedelta(minutes=9)) == (renewed.since, renewed.until)
    assert ANN == take(world, BEN, timedelta(minutes=8)).user_id
    theirs = look(world, BEN, timedelta(minutes=8))
    assert theirs is not None
    assert (ANN, renewed.until) == (theirs.user_id, theirs.until)
    assert None is look(world, ANN, timedelta(minutes=9))


def test_a_claim_ends_by_itself(world: World) -> None:
    """After five minutes without a sign, and leaves nothing behind."""
    take(world, ANN)
    late = timedelta(minutes=5)
    taken = take(world, BEN, late)
    assert (BEN, START + late) == (taken.user_id, taken.since)
    with open_session(world.engine) as session:
        claims.take(session, 8, BEN, START + 3 * late)
        session.commit()
    assert [8] == [claim.comment_id for claim in world.all(Claim)]


def test_left_and_held(world: World) -> None:
    """Who leaves lets go, nobody for somebody else; what is being decided stays until that is over."""
    take(world, ANN)
    with open_session(world.engine) as session:
        claims.release(session, 7, BEN)
        assert {7} == claims.of_others(session, [7], BEN, START).keys()
        assert {} == claims.of_others(session, [7], ANN, START)
        claims.hold(session, [7, 9], ANN, "form", START)
        claims.release(session, 7, ANN)
        assert {7, 9} == claims.of_others(session, [7, 9], ANN, START).keys()
        claims.let_go(session, "another", [7])
        claims.let_go(session, "form", [9])
        assert {7} == claims.of_others(session, [7, 9], ANN, START).keys()
        session.commit()
    assert "form" == take(world, ANN).form


def test_what_is_being_decided_is_held_for_as_long_as_that_takes(world: World) -> None:
    """A queue may be behind for longer than a claim lasts: another would decide anew on what is decided already."""
    late = timedelta(hours=1)
    with open_session(world.engine) as session:
        claims.hold(session, [7], ANN, "form", START)
        assert {7} == claims.of_others(session, [7], BEN, START + late).keys()
        session.commit()
    assert (ANN, "form") == (take(world, BEN, late).user_id, take(world, BEN, late).form)
    with open_session(world.engine) as session:
        claims.take(session, 8, ANN, START + late)
        session.commit()
    standing = look(world, BEN, late)
    assert standing is not None
    assert ANN == standing.user_id


@pytest.mark.only_on("mariadb")
def test_both_at_once(world: World) -> None:
    """One waits for the other, and is told that it has it."""
    with open_session(world.engine) as session:
        claims.take(session, 7, ANN, START)
        with in_thread(lambda: take(world, BEN)) as ben:
            until_waiting(world.engine, 1)
            session.commit()
            assert ANN == ben.result().user_id
