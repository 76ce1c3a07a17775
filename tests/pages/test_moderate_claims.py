"""Who is at a comment: two moderators never work on the same one unknowingly, and no address claims any."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.moderation.database import open_session
from osmod.moderation.desk import claims
from osmod.moderation.desk.queues import Wanted
from osmod.moderation.models import Claim, Decision, now
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF, csrf_of
from osmod.web.pages.moderate_claims import offer
from tests.moderation.world import World
from tests.pages.conftest import Press, SignIn, waiting
from tests.web.conftest import USERS

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_no_address_claims(client: TestClient, press: Press, world: World) -> None:
    """A browser opens what its reader may want, and programs what stands in messages: only forms claim and let go."""
    article = world.article()
    first, second = waiting(world, article, 0.9), waiting(world, article, 0.8)
    page = f"/ui/moderate?comment={first}"

    assert "Nobody is at this comment." in client.get(page).text
    assert 405 == client.get("/ui/moderate/next").status_code
    assert [] == world.all(Claim)

    assert "Nobody is at this comment." not in press(page, "/ui/moderate/begin").text
    RENDERINGS.forget()
    client.get(f"/ui/moderate?comment={second}")
    assert [(first, USERS["general"])] == [(claim.comment_id, claim.user_id) for claim in world.all(Claim)]
    press(page, "after")
    assert [second] == [claim.comment_id for claim in world.all(Claim)]
    gone = client.post("/ui/moderate/begin", data={CSRF: csrf_of(client.cookies["osmod"]), "comment": "99"})
    assert (404, True) == (gone.status_code, "There is no comment 99" in gone.text)


def test_a_comment_that_is_gone(client: TestClient, sign_in: SignIn, world: World) -> None:
    """Is said by status and words, with a way that leads on."""
    sign_in(Role.MODERATOR)
    answer = client.get("/ui/moderate?comment=99")
    assert 404 == answer.status_code
    assert "There is no comment 99: its publisher may have deleted it" in answer.text
    assert 'href="/ui/moderate">What waits for a moderator' in answer.text


def test_who_else_is_at_it(client: TestClient, press: Press, world: World) -> None:
    """Is said, with since when; nothing that changed meanwhile is decided on, and the next one is another."""
    article = world.article()
    theirs, free = waiting(world, article, 0.9), waiting(world, article, 0.8)
    with open_session(world.engine) as session:
        claims.take(session, theirs, USERS["admin"], now())
        session.commit()
    assert f"Comment {free}<" in press("/ui/moderate", "/ui/moderate/next").text
    assert "admin has had this comment open since" in client.get(f"/ui/moderate?comment={theirs}").text

    page = f"/ui/moderate?comment={free}"
    html = client.get(page).text
    mark = re.search(r'name="mark" value="([^"]+)"', html)
    assert mark
    world.add(Decision(comment_id=free, status="Reject", source="User", user_id=USERS["admin"]))
    said = press(page, "approve", mark=mark[1]).text

    assert f"Nothing was done: comment {free} is not what you saw any more" in said
    assert "Reject by admin" in said
    assert 1 == world.size(Decision)


def test_decided_elsewhere_while_it_is_open(client: TestClient, press: Press, world: World) -> None:
    """As by OSMod's own client, which knows of no claims: the open page says who did what, and when."""
    comment, rule = waiting(world, world.article(), 0.9), world.rule(world.tag("TOXICITY"), 0, 0.1, "Accept")
    page = f"/ui/moderate?comment={comment}"
    reader = {"source": "User", "user_id": USERS["general"], "comment_id": comment}
    before, after = now() - timedelta(seconds=5), now() + timedelta(seconds=5)
    world.add(Decision(status="Defer", created_at=before, **(reader | {"user_id": USERS["admin"]})))
    press(page, "/ui/moderate/begin")
    world.add(Decision(status="Defer", created_at=after, **reader))
    assert "after you had opened it" not in client.get(page).text

    world.add(Decision(status="Reject", created_at=after, **(reader | {"user_id": USERS["admin"]})))
    RENDERINGS.forget()
    assert "Reject by admin" in (said := client.get(page).text)
    assert re.search(r'role="alert">admin decided on it .*, after you had opened it: Reject\.', said)

    by_rule = {"source": "Rule", "moderation_rule_id": rule}
    world.add(Decision(comment_id=comment, status="Accept", created_at=after, **by_rule))
    RENDERINGS.forget()
    assert re.search(
        rf"Rule {rule} decided on it .*, after you had opened it: Accept\.", client.get(page).text
    )


@pytest.mark.only_on("mariadb")
def test_all_go_on_at_once(world: World) -> None:
    """Each is led to another comment, and each comment to one of them."""
    article = world.article()
    comments = [waiting(world, article, 0.5) for _ in range(4)]

    def go_on(user_id: int) -> int | None:
        with open_session(world.engine) as session:
            found = offer(session, Wanted(), user_id, None)
            session.commit()
            return found

    with ThreadPoolExecutor(len(comments)) as pool:
        found = list(pool.map(go_on, [100 + number for number in range(len(comments))]))

    assert comments == sorted(filter(None, found))
    assert sorted(comments) == sorted(claim.comment_id for claim in world.all(Claim))
