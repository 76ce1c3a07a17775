"""The whole command against a scorer behind HTTP, within limits that a Redis counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from dramatiq import broker as global_broker

from osmod.cli import main
from osmod.jobs.setup import make_broker
from osmod.settings import get_settings
from tests.comparing.scene import Site, build
from tests.moderation.world import World
from tests.scorers.fake import Asked, Fake, Reply, serving

#: Requests a second that the scorer takes.
LIMIT = 40


@pytest.fixture
def site(
    world: World, fake: Fake, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Site]:
    """A site whose new scorer is the fake."""
    monkeypatch.setenv("OSMOD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("DATABASE_URL", world.engine.url.render_as_string(hide_password=False))
    broker = make_broker(get_settings())
    monkeypatch.setattr(global_broker, "global_broker", broker)
    config = {
        "endpointType": "perspective-api",
        "endpoint": f"{fake.url}/analyze",
        "apiKey": "geheim",
        "attributes": {"TOXICITY": {}},
        "limits": {"perSecond": LIMIT, "perMinute": None, "concurrency": 8},
    }
    yield build(world, 100, new={"extra": config})
    broker.close()


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A scorer of Perspective's kind that cubes what the text says."""
    with serving() as one:
        one.answer(_cubed)
        yield one


def _cubed(asked: Asked) -> Reply:
    score = {"value": float(asked.json["comment"]["text"]) ** 3, "type": "PROBABILITY"}
    return Reply(json={"attributeScores": {"TOXICITY": {"summaryScore": score, "spanScores": []}}})


@pytest.mark.only_on("sqlite", "valkey")
def test_within_its_limits(site: Site, fake: Fake) -> None:
    """No window of a second has more requests than it takes; nothing is changed, no key and no text is kept."""
    before = site.world.dump()
    words = ["scorers", "compare", str(site.old), str(site.new), "--yes", "--json"]
    result = CliRunner().invoke(main, words, prog_name="osmod")
    assert (0, 100) == (result.exit_code, len(fake.asked)), result.output
    # What is counted are departures; on their way requests come nearer to each other.
    times = [asked.at for asked in fake.asked]
    assert all(later - earlier > 0.3 for earlier, later in zip(times, times[LIMIT:], strict=False))
    assert times[-1] - times[0] > 1.5
    assert fake.most_in_flight <= 8
    assert len(fake.connections) <= 8
    (toxicity,) = json.loads(result.stdout)["attributes"]
    assert toxicity["rank_correlation"] == pytest.approx(1, abs=1e-3)
    assert before == site.world.dump()
    (kept,) = get_settings().home.iterdir()
    assert not [word for word in ("geheim", *map(repr, site.scores.values())) if word in kept.read_text()]


@pytest.mark.only_on("sqlite", "valkey")
def test_a_key_that_is_refused(site: Site, fake: Fake) -> None:
    """Stops it at once, with the scorer's words, and without the key."""
    fake.answer(Reply(status=403, json={"error": {"message": "key geheim is not known"}}))
    words = ["scorers", "compare", str(site.old), str(site.new), "--yes"]
    result = CliRunner().invoke(main, words, prog_name="osmod")
    assert 1 == result.exit_code
    assert "Error: stopped: scorer" in result.output
    assert "answered 403" in result.output
    assert "geheim" not in result.output
    assert len(fake.asked) <= 8
