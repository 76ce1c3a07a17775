"""Runs jobs one after another in the calling thread, exactly as a worker's thread would."""

from __future__ import annotations

from queue import Queue
from typing import Any

from dramatiq import Consumer, MessageProxy, Worker
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import dq_name
from dramatiq.worker import WorkerThread

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.job import Job
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import every_id
from osmod.jobs.records.walking import sizes_of
from osmod.jobs.states import JobState

#: Milliseconds that a consumer waits for a job that is known to be there.
_TIMEOUT = 1_000


def run_all(broker: JobBroker | StubBroker, *, delayed: bool, raise_errors: bool) -> int:
    """Run every waiting job of every declared queue, and those that they send, until none waits.

    Returns the number of runs. Raises, if told to, the error of the first job that fails for good.
    """
    # Middleware is told of a worker that boots and stops, as some of it starts and ends threads then.
    worker = Worker(broker, worker_threads=1)
    broker.emit_before("worker_boot", worker)
    broker.emit_after("worker_boot", worker)
    try:
        return _run_all(broker, delayed, raise_errors)
    finally:
        broker.emit_before("worker_shutdown", worker)
        broker.emit_after("worker_shutdown", worker)


def _run_all(broker: JobBroker | StubBroker, delayed: bool, raise_errors: bool) -> int:
    runs = 0
    put_off: set[str] = set()
    while queue_name := _next_queue(broker, delayed, put_off):
        consumer = broker.consume(queue_name, prefetch=1, timeout=_TIMEOUT)
        try:
            message = next(consumer)
            if message is not None:
                runs += 1
                _run(broker, consumer, message, raise_errors)
                if isinstance(message, Job) and message.untouched and message.ran:  # it put itself off
                    put_off.add(message.message_id)
        finally:
            consumer.close()
    return runs


def _next_queue(broker: JobBroker | StubBroker, delayed: bool, put_off: set[str]) -> str | None:
    for queue_name in sorted(broker.get_declared_queues() - broker.get_declared_delay_queues()):
        if isinstance(broker, JobBroker):
            sizes, _ = sizes_of(broker, queue_name)
            promoted = delayed and sizes[JobState.DELAYED] and _promote(broker, queue_name, put_off)
            if sizes[JobState.WAITING] or promoted:
                return queue_name
        else:
            names = (queue_name, dq_name(queue_name)) if delayed else (queue_name,)
            for name in names:
                if not broker.queues[name].empty():
                    return name
    return None


def _promote(broker: JobBroker, queue_name: str, put_off: set[str]) -> bool:
    """Have what is delayed run now, but for those that put themselves off. Returns whether there was any."""
    found = every_id(broker, JobFilter(queue=queue_name, states=(JobState.DELAYED,)))
    ids = tuple(set(found.get(queue_name, ())) - put_off)
    if ids:
        steering.promote(broker, JobFilter(queue=queue_name, ids=ids), by="osmod.jobs.testing")
    return bool(ids)


def _run(
    broker: JobBroker | StubBroker, consumer: Consumer, message: MessageProxy, raise_errors: bool
) -> None:
    settling = _Settling(consumer, raise_errors)
    consumers: Any = {message.queue_name: settling}
    work_queue: Any = Queue()
    work_queue.put(message)
    message.options.pop("eta", None)
    thread = WorkerThread(broker=broker, consumers=consumers, work_queue=work_queue, worker_timeout=1)
    thread.process_message(message)
    if settling.error is not None:
        raise settling.error


class _Settling:
    """In the place of a worker's consumer thread: settles a job, and keeps the error it failed by."""

    def __init__(self, consumer: Consumer, keep: bool) -> None:
        self._consumer = consumer
        self._keep = keep
        self.error: BaseException | None = None

    def post_process_message(self, message: MessageProxy) -> None:
        if message.failed:
            if self._keep:
                self.error = message._exception
            self._consumer.nack(message)
        else:
            self._consumer.ack(message)
