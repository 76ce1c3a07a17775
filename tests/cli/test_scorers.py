"""`osmod scorers`: who scores, how each is doing, and trying one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from osmod.operating.trial import REMEDIES
from osmod.scorers import ENDPOINT_TYPES, ScorerError
from osmod.scorers.contract import Limits, Question
from tests.cli.conftest import Run
from tests.moderation.world import World
from tests.scorers.fake import Fake, Reply, serving

KEY = "secret-key"
Command = Callable[..., Result]
ANSWER = {
    "attributeScores": {
        "INSULT": {"summaryScore": {"value": 0.25}},
        "TOXICITY": {
            "summaryScore": {"value": 0.75},
            "spanScores": [{"begin": 2, "end": 7, "score": {"value": 0.875}}],
        },
    }
}


class Later:
    """A scorer that calls back."""

    limits = Limits()

    def __init__(self, user_id: int, config: Any) -> None:
        """Anything will do."""

    async def score(self, question: Question) -> None:
        """Calls back to where nothing is stored."""
        assert question.links["callback"].endswith("/assistant/scores/0")


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A service that answers as it is told."""
    with serving() as told:
        yield told


@pytest.fixture
def osmod(run: Run, settled: Engine, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `osmod scorers …`; there is no queue."""
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    return lambda *words: run("scorers", *words)


@pytest.fixture
def world(settled: Engine) -> World:
    """Nobody who scores."""
    return World(settled)


def perspective(world: World, url: str, **more: Any) -> int:
    """A scorer that is on, with a key in its config and another in its URL."""
    config: dict[str, Any] = {
        "endpointType": "perspective-api",
        "endpoint": f"{url}?token={KEY}",
        "apiKey": KEY,
    }
    config |= {"attributes": {"TOXICITY": {}}, "limits": {"perSecond": 1, "perMinute": 60}}
    columns = {"group": "moderator", "name": "Perspective", "is_active": True} | more
    return world.user(extra=config, **columns)


def test_all_are_listed(osmod: Command, world: World) -> None:
    """What each is, where it is asked, how much; never its key. What cannot be used says why."""
    assert (
        "There is no scorer: `osmod scorers add` makes one, docs/scorers.md says of what.\n"
        == osmod("list").stderr
    )
    asked = perspective(world, "https://scorer.example/analyze")
    off = world.user(group="moderator", name="Local model", extra={"endpointType": "local"})
    broken = world.user(group="moderator", name="Broken", is_active=True, extra={"endpointType": "x"})
    openai = world.user(group="moderator", name="OpenAI", extra={"endpointType": "openai-moderation"})
    world.user(group="service", is_active=True)
    world.asked(world.comment(None), asked)

    shown = osmod("list").stdout
    assert re.search(
        rf"^ *{asked}  Perspective  perspective-api +on +1 a second, 60 a minute +[\d.]+ m?s ago  "
        r"https://scorer\.example/analyze *$",
        shown,
        re.MULTILINE,
    )
    assert re.search(rf"^ *{off}  Local model  local +off +never", shown, re.MULTILINE)
    assert re.search(rf"^ *{broken}  Broken +x +unusable +never", shown, re.MULTILINE)
    assert f"scorer {broken}: endpointType 'x' is not known" in shown

    plain = json.loads(osmod("list", "--json").stdout)["scorers"]
    assert [asked, off, broken, openai] == [one["id"] for one in plain]
    assert {"per_second": 1, "per_minute": 60, "concurrency": None, "batch": 1} == plain[0]["limits"]
    assert "https://api.openai.com/v1/moderations" == plain[-1]["endpoint"]
    assert KEY not in shown + json.dumps(plain)


@pytest.mark.only_on("sqlite")
def test_an_answer_is_shown(osmod: Command, world: World, fake: Fake) -> None:
    """Scores of the whole, highest first, and of parts of the text by their words; the key is not."""
    fake.answer(ANSWER)
    scorer = perspective(world, fake.url)
    result = osmod("test", "A <b>silly</b> 😀 text")
    assert 0 == result.exit_code
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert [
        f"Perspective (scorer {scorer})",
        f"  perspective-api at {fake.url}, 1 a second, 60 a minute",
    ] == (lines[:2])
    assert re.fullmatch(r"  ✓ answered in \d+ ms", lines[2])
    assert [
        *(["attribute", "score", "from", "to", "text"], ["TOXICITY", "0.7500"]),
        *(["0.8750", "2", "7", "silly"], ["INSULT", "0.2500"]),
    ] == [line.split() for line in lines[3:7]]
    assert KEY not in result.output
    assert "A silly 😀 text" == fake.asked[0].json["comment"]["text"]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (401, "KeyRefused", "Put a key that counts into apiKey in users.extra of user 7, then test again."),
        (429, "Throttled", "lower `limits` in users.extra of user 7."),
        (400, "Unscorable", "Try another text"),
        (503, "ScorerAway", "See whether it is up"),
        (200, "BadAnswer", "See whether endpointType and endpoint in users.extra of user 7 fit"),
    ],
)
def test_what_goes_wrong_is_said(
    osmod: Command, world: World, fake: Fake, status: int, kind: str, remedy: str
) -> None:
    """With what to do, and the beginning of what was answered; exit code 1. Those after it are asked all the same."""
    fake.answer(Reply(status=status, body=f"no {KEY}".encode()))
    perspective(world, fake.url, id=7)
    perspective(world, fake.url, id=8)
    result = osmod("test", "You fool")
    assert 1 == result.exit_code
    assert remedy in result.stdout
    assert "scorer 7 (http://127.0.0.1" in result.stdout
    assert "Perspective (scorer 8)" in result.stdout
    assert KEY not in result.output

    first, _ = json.loads(osmod("test", "You fool", "--json").stdout)["trials"]
    assert (kind, None, 7) == (first["error"], first["answer"], first["scorer"]["id"])


def test_every_error_has_a_remedy() -> None:
    """Also one that comes to be."""
    assert set(REMEDIES) == set(ScorerError.__subclasses__())


@pytest.mark.only_on("sqlite")
def test_one_is_chosen(osmod: Command, world: World, fake: Fake) -> None:
    """By its id, even if it is off; one whose config cannot be used says so, and is not asked."""
    fake.answer(ANSWER)
    perspective(world, fake.url, id=7)
    perspective(world, fake.url, id=8, is_active=False)
    world.user(id=9, group="moderator", name="Broken", extra={"endpointType": "x"})
    asked = json.loads(osmod("test", "Fool", "--scorer", "8", "--json").stdout)["trials"]
    assert [8] == [trial["scorer"]["id"] for trial in asked]
    broken = osmod("test", "Fool", "--scorer", "9")
    assert 1 == broken.exit_code
    assert "  ✗ scorer 9: endpointType 'x' is not known" in broken.stdout
    missing = osmod("test", "Fool", "--scorer", "10")
    said = "There is no scorer 10: `osmod scorers list` shows those that there are.\n"
    assert (3, said) == (missing.exit_code, missing.stderr)


@pytest.mark.only_on("sqlite")
def test_an_answer_that_comes_later(osmod: Command, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not waited for."""
    monkeypatch.setitem(ENDPOINT_TYPES, "later", f"{__name__}:Later")
    world.scorer({"endpointType": "later"})
    result = osmod("test", "Fool")
    assert 0 == result.exit_code
    assert "it answers later, by a callback, which is not waited for here" in result.stdout


@pytest.mark.only_on("sqlite")
def test_no_text(osmod: Command) -> None:
    """Nobody is asked, and paid, for an empty one."""
    result = osmod("test", " ")
    assert (2, True) == (result.exit_code, "TEXT is empty; give a text to be scored." in result.output)
