"""The database away in the middle of an act: the truth is said, and what was sent can be sent again."""

from __future__ import annotations

import pytest
import redis
from dramatiq.errors import BrokerConnectionError
from fastapi.testclient import TestClient
from pymysql.err import OperationalError as Away
from sqlalchemy.exc import OperationalError

from osmod.jobs.broker import JobBroker
from osmod.moderation.models import Comment, Decision, OutboxEntry
from osmod.moderation.work import MaybeCommitted
from osmod.task import commit
from osmod.web.pages.frame.session import CSRF, csrf_of
from tests.moderation.world import World
from tests.pages.conftest import Press, waiting

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

LOST = (None, None, Away(2013, "Lost connection to MySQL server during query"))


def raises(error: Exception) -> object:
    """A function that raises it, whatever it is given."""

    def do(*_given: object, **_more: object) -> None:
        raise error

    return do


def test_away_before(client: TestClient, press: Press, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was changed; the form is there to be sent again, with all that was in it."""
    comment = waiting(world, world.article(), 0.9)
    with monkeypatch.context() as patch:
        patch.setattr("osmod.web.pages.moderate_acts.commit", raises(OperationalError(*LOST)))
        away = press(f"/ui/moderate?comment={comment}", "reject")
    assert (503, "5") == (away.status_code, away.headers["retry-after"])
    assert "so nothing was changed" in away.text
    assert 0 == world.size(Decision)

    done = press(away, "Send it again")

    assert f"Rejected comment {comment}." in done.text
    assert world.get(Comment, comment).is_accepted is False


@pytest.mark.parametrize(
    "error", [redis.TimeoutError(), redis.ConnectionError(), BrokerConnectionError("away")]
)
def test_redis_away_after_an_act(
    client: TestClient,
    press: Press,
    world: World,
    queue: JobBroker,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """What became of it is not known then: it is on its way, and so says whoever would take it back."""
    comment = waiting(world, world.article(), 0.9)
    press(f"/ui/moderate?comment={comment}", "approve")
    assert [] == world.all(OutboxEntry)
    monkeypatch.setattr("osmod.web.pages.moderate_outcomes.get_states", raises(error))

    page = press("/ui/moderate", "/ui/moderate/next").text
    assert "on its way" in page
    assert "comes back by itself" not in page
    proof = {CSRF: csrf_of(client.cookies["osmod"]), "form": "another"}
    assert "it is on its way still" in client.post("/ui/moderate/undo", data=proof).text


def test_away_before_anything_is_asked(
    client: TestClient, press: Press, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even who sends it: the form is kept all the same, but not one that another site sent."""
    comment = waiting(world, world.article(), 0.9)
    page = client.get(f"/ui/moderate?comment={comment}")
    with monkeypatch.context() as patch:
        patch.setattr("osmod.web.pages.frame.session.caller_of", raises(OperationalError(*LOST)))
        away = press(page, "defer", text='"><b>')
        elsewhere = client.post(
            "/ui/moderate/act", data={"act": "x"}, headers={"Origin": "https://evil.example"}
        )
    assert 503 == away.status_code
    assert 'name="text" value="&#34;&gt;&lt;b&gt;"' in away.text
    assert (403, False) == (elsewhere.status_code, "Send it again" in elsewhere.text)
    assert f"Deferred comment {comment}." in press(away, "Send it again").text


def test_away_as_it_is_saved(press: Press, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it was, and that is said; sent again, it is done once."""
    comment = waiting(world, world.article(), 0.9)

    def save_and_lose(*given: object) -> None:
        commit(*given)  # type: ignore[arg-type]
        raise MaybeCommitted(*LOST, connection_invalidated=True)

    with monkeypatch.context() as patch:
        patch.setattr("osmod.web.pages.moderate_acts.commit", save_and_lose)
        away = press(f"/ui/moderate?comment={comment}", "highlight")
    assert "so it is not known whether it was" in away.text
    assert "nothing was changed" not in away.text
    assert f"Highlighted comment {comment}." in press(away, "Send it again").text
    assert world.get(Comment, comment).is_highlighted, "highlighting twice would be a toggle"


def test_away_right_after(press: Press, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done is said, though the next comment is not to be had."""
    article = world.article()
    comment, second = waiting(world, article, 0.9), waiting(world, article, 0.8)
    with monkeypatch.context() as patch:
        patch.setattr("osmod.web.pages.moderate_claims.claims.release", raises(OperationalError(*LOST)))
        done = press(f"/ui/moderate?comment={comment}", "reject")
    assert f"Rejected comment {comment}." in done.text
    assert f"Comment {comment}<" in done.text
    assert f"Comment {second}<" in press(f"/ui/moderate?comment={comment}", "after").text


def test_away_while_it_is_open(
    client: TestClient, press: Press, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the page stays, and what cannot be had says that it comes back by itself."""
    comment = waiting(world, world.article(), 0.9)
    monkeypatch.setattr("osmod.web.pages.moderate.load", raises(OperationalError(*LOST)))
    page = client.get(f"/ui/moderate?comment={comment}")
    assert (200, 1) == (page.status_code, page.text.count("This comes back by itself."))
    assert "1 comment</h2>" in page.text
