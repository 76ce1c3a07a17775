"""How the scorers are doing, for Prometheus: their gates, which all processes share."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Engine

from osmod.jobs.gate import Breaker
from osmod.jobs.wire.queues import Queues
from osmod.moderation.database import open_session
from osmod.moderation.sending import active_scorers
from osmod.task.scorer_gates import gate_to_look_at

_LABELS = ("scorer", "name")


def of_scorers(queues: Queues, engine: Engine) -> Iterator[Metric]:
    """Figures of each scorer that is on.

    Raises:
      SQLAlchemyError: the database is away.
      ServerError, redis.RedisError, OSError: Redis is.
    """
    with open_session(engine) as session:
        scorers = [(scorer.id, scorer.name) for scorer in active_scorers(session)]
    breaker = GaugeMetricFamily(
        "osmod_scorer_state",
        "1 at the state of the scorer's breaker, 0 at the others.",
        labels=(*_LABELS, "state"),
    )
    paused = GaugeMetricFamily(
        "osmod_scorer_paused", "Whether it asked for a pause that lasts.", labels=_LABELS
    )
    flying = GaugeMetricFamily("osmod_scorer_in_flight", "Requests that are under way.", labels=_LABELS)
    waiting = GaugeMetricFamily("osmod_scorer_waiting", "Questions that wait for their turn.", labels=_LABELS)
    minute = GaugeMetricFamily("osmod_scorer_last_minute", "Requests of the last minute.", labels=_LABELS)
    for scorer_id, name in scorers:
        labels = (str(scorer_id), name)
        state = gate_to_look_at(queues, scorer_id).state()
        for one in Breaker:
            breaker.add_metric((*labels, one.value), one is state.breaker)
        paused.add_metric(labels, state.paused_until is not None)
        flying.add_metric(labels, state.in_flight)
        waiting.add_metric(labels, state.waiting)
        minute.add_metric(labels, state.last_minute)
    yield from (breaker, paused, flying, waiting, minute)
