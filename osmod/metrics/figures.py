"""What Prometheus is shown: what was counted, and how queues, workers, outbox and scorers are doing now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

import redis
from dramatiq import Broker
from dramatiq.errors import BrokerConnectionError
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import known_queues, workers
from osmod.jobs.records.overview import COUNTERS, queue_overview
from osmod.jobs.wire.resp import ServerError
from osmod.metrics.scorers import of_scorers
from osmod.metrics.store import Store, hand_over
from osmod.metrics.tally import (
    BOUNDS,
    ENQUEUED,
    OUTCOMES,
    RAN,
    REQUESTS,
    STARTED,
    SUM,
    TOOK,
    WAITED,
    WEB,
    Counts,
    Name,
    Tally,
)
from osmod.moderation.database import open_session
from osmod.moderation.delivery import lag
from osmod.moderation.models import now
from osmod.moderation.publishing import overview

#: What is said of a server that does not answer, instead of its figures.
_AWAY = (redis.RedisError, BrokerConnectionError, ServerError, OSError)
_LE = (*(str(bound) for bound in BOUNDS), "+Inf")

#: What jobs are counted as, in a sentence.
_SENTENCES = {
    ENQUEUED: "Jobs sent by processes that count them.",
    STARTED: "Runs begun.",
    "done": "Runs that succeeded.",
    "failed": "Jobs that failed for good.",
    "retried": "Runs that failed, and whose job is tried again.",
    "cancelled": "Runs cancelled.",
}


class Figures(Collector):
    """All figures, read anew each time that they are asked for.

    Parameters:
      broker: whose queues.
      store: where counts are added up.
      tally: what this process has counted since.
      get_engine: the database, asked for when it is needed.
    """

    def __init__(self, broker: Broker, store: Store, tally: Tally, get_engine: Callable[[], Engine]) -> None:
        self._broker, self._store, self._tally, self._get_engine = broker, store, tally, get_engine

    def collect(self) -> Iterable[Metric]:
        """What the server is shown. A server that is away costs its own figures only."""
        yield from self._guarded("osmod_redis_up", "Whether Redis answers.", self._of_redis, _AWAY)
        yield from self._guarded(
            "osmod_database_up", "Whether the database answers.", self._of_database, (SQLAlchemyError,)
        )
        yield from self._of_scorers()

    def _guarded(
        self,
        name: str,
        sentence: str,
        read: Callable[[], list[Metric]],
        away: tuple[type[BaseException], ...],
    ) -> Iterator[Metric]:
        try:
            found = read()
        except away:
            yield GaugeMetricFamily(name, sentence, 0)
            return
        yield GaugeMetricFamily(name, sentence, 1)
        yield from found

    def _of_redis(self) -> list[Metric]:
        hand_over(self._tally, self._store)
        queues = known_queues(self._broker) if isinstance(self._broker, JobBroker) else self._local_queues()
        found = [*_jobs(self._store.read(queues)), *_requests(self._store.read([WEB])[WEB])]
        if isinstance(self._broker, JobBroker):
            found += [*_queues(self._broker, queues), *_workers(self._broker)]
        return found

    def _local_queues(self) -> list[str]:
        return sorted({actor.queue_name for actor in self._broker.actors.values()})

    def _of_database(self) -> list[Metric]:
        with open_session(self._get_engine()) as session:
            owed, oldest = lag(session)
            untold, late = overview.sizes(session), overview.lag(session, now())
        seconds = oldest.total_seconds() if oldest is not None else 0.0
        deliveries = GaugeMetricFamily(
            "osmod_deliveries", "Decisions that their publishers have not heard.", labels=("state",)
        )
        for state in overview.UNTOLD:
            deliveries.add_metric((state,), untold.get(state, 0))
        return [
            GaugeMetricFamily("osmod_outbox_jobs", "Jobs that committed changes owe.", owed),
            GaugeMetricFamily("osmod_outbox_lag_seconds", "For how long the oldest is owed.", seconds),
            deliveries,
            GaugeMetricFamily(
                "osmod_deliveries_lag_seconds", "For how long the oldest waits.", late.total_seconds()
            ),
        ]

    def _of_scorers(self) -> list[Metric]:
        if not isinstance(self._broker, JobBroker):
            return []
        try:
            return list(of_scorers(self._broker, self._get_engine()))
        except (*_AWAY, SQLAlchemyError):  # Either is away, which the figures above say.
            return []


def _jobs(counts: Counts) -> Iterator[Metric]:
    for family in (ENQUEUED, STARTED, *OUTCOMES):
        counter = CounterMetricFamily(f"osmod_jobs_{family}", _SENTENCES[family], labels=("queue", "actor"))
        for queue, of_queue in counts.items():
            for name, number in sorted(of_queue.items()):
                if name[0] == family:
                    counter.add_metric((queue, name[1]), number)
        yield counter
    for family, title, sentence in (
        (RAN, "osmod_job_run_seconds", "How long runs took."),
        (
            WAITED,
            "osmod_job_waiting_seconds",
            "For how long jobs waited, from when they were due to their start.",
        ),
    ):
        histogram = HistogramMetricFamily(title, sentence, labels=("queue", "actor"))
        for queue, of_queue in counts.items():
            _add_histograms(histogram, family, (queue,), of_queue)
        yield histogram


def _requests(counts: dict[Name, int]) -> Iterator[Metric]:
    counter = CounterMetricFamily(
        "osmod_http_requests", "Requests answered.", labels=("method", "route", "status")
    )
    for name, number in sorted(counts.items()):
        if name[0] == REQUESTS:
            counter.add_metric(name[1:], number)
    yield counter
    took = HistogramMetricFamily(
        "osmod_http_request_seconds",
        "How long answers took, to their first byte.",
        labels=("method", "route"),
    )
    _add_histograms(took, TOOK, (), counts)
    yield took


def _add_histograms(
    histogram: HistogramMetricFamily, family: str, first: tuple[str, ...], counts: dict[Name, int]
) -> None:
    """Add each histogram of a family: `(family, *labels, step)`, after labels that all have."""
    labels = sorted({name[1:-1] for name in counts if name[0] == family})
    for rest in labels:
        steps = [counts.get((family, *rest, str(step)), 0) for step in range(len(_LE))]
        buckets = list(zip(_LE, map(float, accumulate(steps)), strict=True))
        histogram.add_metric((*first, *rest), buckets, counts.get((family, *rest, SUM), 0) / 1_000_000)


def _queues(broker: JobBroker, queues: list[str]) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("osmod_queue_jobs", "Jobs by state.", labels=("queue", "state"))
    oldest = GaugeMetricFamily(
        "osmod_queue_oldest_waiting_seconds",
        "For how long the job that waits longest has; 0: none waits.",
        labels=("queue",),
    )
    paused = GaugeMetricFamily("osmod_queue_paused", "Whether its jobs are held back.", labels=("queue",))
    ended = CounterMetricFamily(
        "osmod_queue_outcomes",
        "What became of jobs and runs, as the queue itself counts, whoever ran them.",
        labels=("queue", "outcome"),
    )
    lost = CounterMetricFamily(
        "osmod_leases_lost", "Jobs whose worker vanished, and that started elsewhere.", labels=("queue",)
    )
    for name in queues:
        one = queue_overview(broker, name)
        for state, size in one.sizes.items():
            jobs.add_metric((name, state.value), size)
        oldest.add_metric((name,), one.oldest_waiting.total_seconds() if one.oldest_waiting else 0.0)
        paused.add_metric((name,), one.paused is not None)
        for outcome in COUNTERS:
            if outcome != "recovered":
                ended.add_metric((name, outcome), one.counters[outcome])
        lost.add_metric((name,), one.counters["recovered"])
    yield from (jobs, oldest, paused, ended, lost)


def _workers(broker: JobBroker) -> Iterator[Metric]:
    alive = workers(broker)
    yield GaugeMetricFamily("osmod_workers", "Worker processes that live.", len(alive))
    yield GaugeMetricFamily("osmod_worker_threads", "Their threads.", sum(one.threads for one in alive))
    yield GaugeMetricFamily(
        "osmod_worker_threads_busy", "Their threads that run a job.", sum(one.running for one in alive)
    )
    yield GaugeMetricFamily(
        "osmod_worker_coroutines",
        "Jobs that run beside their threads, without one each.",
        sum(one.coroutines for one in alive),
    )
