"""`/metrics`: figures of the whole system."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import actors
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.metrics.counting import count_runs
from osmod.metrics.tally import TALLY
from osmod.moderation.database import open_session
from osmod.moderation.models import OutboxEntry, User
from osmod.settings import get_settings
from tests.jobs.conftest import working
from tests.metrics.scraping import OPEN_METRICS, Scrape
from tests.waiting import until
from tests.web.conftest import MakeToken

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    TALLY.take()
    yield
    TALLY.take()


def scrape(client: TestClient, token: MakeToken) -> Scrape:
    headers = {"Authorization": f"Bearer {token(Role.VIEWER)}", **OPEN_METRICS}
    answer = client.get("/metrics", headers=headers)
    assert 200 == answer.status_code, answer.text
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    return Scrape(answer.text)


def test_jobs_are_counted_by_queue_and_actor(broker: JobBroker, client: TestClient, token: MakeToken) -> None:
    """What became of them, how long they waited and ran; by whoever counts, whoever is asked."""
    count_runs(broker)

    @dramatiq.actor(actor_name="work", max_retries=1, min_backoff=1, max_backoff=1)
    def work(fails: bool) -> None:
        if fails:
            raise TimeoutError("no answer")

    work.send(False)
    work.send(True)
    with working(broker):
        until(lambda: scrape(client, token)("osmod_jobs_failed_total", "default", "work") == 1)
    found = scrape(client, token)

    for name, number in {"enqueued": 2, "started": 3, "done": 1, "failed": 1, "retried": 1}.items():
        assert number == found(f"osmod_jobs_{name}_total", "default", "work"), name
    for name in ("run", "waiting"):
        assert 3 == found(f"osmod_job_{name}_seconds_count", "default", "work")
        assert 3 == found(f"osmod_job_{name}_seconds_bucket", "default", "work", "+Inf")
        assert 0 < (found(f"osmod_job_{name}_seconds_sum", "default", "work") or 0) < 30
    broker.actors.pop("work")


def test_queues_workers_outbox_and_scorers(
    broker: JobBroker, client: TestClient, token: MakeToken, engine: Engine
) -> None:
    """As they are now."""
    actors.heartbeat.send()
    with open_session(engine) as session:
        session.add(OutboxEntry(message_id="m", actor="heartbeat", arguments={}))
        session.add(User(name="Local model", group="moderator", is_active=True))
        session.commit()
        scorer = session.query(User.id).filter_by(name="Local model").scalar()
    found = scrape(client, token)

    assert 1 == found("osmod_queue_jobs", "default", "waiting")
    assert (found("osmod_queue_oldest_waiting_seconds", "default") or 0) >= 0
    assert 0 == found("osmod_leases_lost_total", "default")
    assert 0 == found("osmod_workers")
    assert 1 == found("osmod_outbox_jobs")
    assert (found("osmod_outbox_lag_seconds") or 0) >= 0
    assert 1 == found("osmod_scorer_state", str(scorer), "Local model", "closed")
    assert (1, 1) == (found("osmod_redis_up"), found("osmod_database_up"))


def test_requests_are_counted_by_route(broker: JobBroker, client: TestClient, token: MakeToken) -> None:
    """Never by their path, of which there may be any number."""
    headers = {"Authorization": f"Bearer {token(Role.VIEWER)}"}
    for job_id in ("one", "two"):
        client.get(f"/api/jobs/{job_id}", headers=headers)
    client.get("/api/queues", headers=headers)
    client.get("/somewhere/else")
    client.request("BREW", "/healthz")
    found = scrape(client, token)

    assert 2 == found("osmod_http_requests_total", "GET", "/api/jobs/{job_id}", "404")
    assert 1 == found("osmod_http_requests_total", "GET", "/api/queues", "200")
    assert 1 == found("osmod_http_requests_total", "GET", "(none)", "404")
    assert 2 == found("osmod_http_request_seconds_count", "GET", "/api/jobs/{job_id}")
    assert not [key for key in found.samples if "/api/jobs/one" in key or "BREW" in key]


def test_redis_away(
    broker: JobBroker, client: TestClient, token: MakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Costs its own figures; what was counted is told when it is back."""
    actors.heartbeat.send()
    key_base = JobBroker.key_base

    def gone(self: JobBroker, name: str) -> bytes:
        raise ConnectionRefusedError

    monkeypatch.setattr(JobBroker, "key_base", gone)
    found = scrape(client, token)
    assert (0, 1) == (found("osmod_redis_up"), found("osmod_database_up"))
    monkeypatch.setattr(JobBroker, "key_base", key_base)
    assert 1 == scrape(client, token)("osmod_jobs_enqueued_total", "default", "heartbeat")


def test_a_token_is_asked_for_unless_it_is_open(
    broker: JobBroker, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`OSMOD_METRICS_OPEN` says so; what is not asked for in OpenMetrics has the older form."""
    assert 401 == client.get("/metrics").status_code
    monkeypatch.setenv("OSMOD_METRICS_OPEN", "true")
    get_settings.cache_clear()
    answer = client.get("/metrics")
    assert (200, True) == (answer.status_code, answer.headers["Content-Type"].startswith("text/plain"))


def test_without_a_queue(immediate: None, token: MakeToken) -> None:
    """What runs where it is sent is counted in this process."""
    from tests.web.routes import make_app

    with TestClient(make_app()) as client:
        actors.heartbeat.send()
        assert 1 == scrape(client, token)("osmod_jobs_done_total", "default", "heartbeat")
