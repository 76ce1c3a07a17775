"""Everything that `osmod serve` does to Redis, done once over HTTP."""

from __future__ import annotations

from typing import Any

import dramatiq
import httpx

from osmod.access.callers import Caller
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.schedules import every
from osmod.jobs.setup import default_middleware
from osmod.publishers.update_notifications import publish
from osmod.settings import get_settings
from osmod.task import get_engine
from osmod.web.app import create_app
from osmod.web.guard import signed_in
from tests.web.serving import HOST, served

#: What is asked, in this order; each finds something to do.
CALLS = (
    *("GET /readyz", "GET /metrics"),
    *("GET /api/jobs", "GET /api/jobs?argument=number=1", "GET /api/jobs?sort=oldest"),
    *("GET /api/jobs/count", "GET /api/jobs/groups", "GET /api/jobs/one-of-them/log"),
    "GET /api/jobs?state=waiting&actor=note",
    *("POST /api/jobs/promote?state=delayed&confirm=1", "POST /api/jobs/one-of-them/prioritise?to=high"),
    *("POST /api/jobs/one-of-them/cancel", "POST /api/jobs/one-of-them/retry"),
    *("POST /api/jobs/cancel?state=waiting&confirm=3", "POST /api/jobs/retry?state=cancelled&confirm=3"),
    "POST /api/jobs/one-of-them/delete",
    *("GET /api/queues", "GET /api/queues/default", "GET /api/queues/default/check"),
    *("POST /api/queues/default/pause", "POST /api/queues/default/resume", "POST /api/queues/default/check"),
    *("GET /api/schedules", "POST /api/schedules/hourly/pause", "POST /api/schedules/hourly/resume"),
    "POST /api/schedules/hourly/run",
    *("GET /api/workers", "POST /api/workers/quiet?all=true&confirm=1"),
    *("GET /api/audit", "GET /api/stats"),
    "POST /api/queues/default/purge?confirm=3",
)


def serve(url: str) -> list[str]:
    """A server on the Redis at `url`, asked by an admin. Returns what it could not do: call, status, answer."""
    broker = JobBroker(url=url, middleware=default_middleware(get_settings()))
    dramatiq.set_broker(broker)
    note = dramatiq.actor(actor_name="note", index=("number",))(lambda number=0: None)
    dramatiq.actor(periodic=every("1 hour"), actor_name="hourly")(lambda: None)
    get_engine()  # SQLite sets itself up, which takes longer than the check of its health waits
    app = create_app()
    app.dependency_overrides[signed_in] = lambda: Caller(1, "admin", Role.ADMIN, "Ada")
    app.state.failures.too_many("10.0.0.1")
    publish(broker, [("comment", "update", 1)])
    broker.enqueue(note.message(number=1).copy(message_id="one-of-them"))
    with (
        served(app) as server,
        httpx.Client(base_url=f"http://{HOST}:{server.port}", verify=False, timeout=60) as client,
    ):
        job: dict[str, Any] = {"actor": "note", "arguments": {"number": 2}}
        answers = [client.post("/api/jobs", json=job | {"options": {"delay": 60_000, "unique": "two"}})]
        with client.stream("GET", "/api/events") as events:
            lines = events.iter_lines()
            assert "retry: 3000" == next(lines)
            answers.append(client.post("/api/jobs", json=job))
            assert next(line for line in lines if line.startswith("data:"))
        answers += [client.request(*call.split()) for call in CALLS]
    broker.close()
    return [
        f"{one.request.method} {one.url.path}: {one.status_code} {one.text}"
        for one in answers
        if one.is_error
    ]
