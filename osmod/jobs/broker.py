"""The queue: Dramatiq's Redis broker in every way its users can tell, on scripts that lose nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import redis
from dramatiq import Message, Middleware
from dramatiq.brokers.redis import DEFAULT_DEAD_MESSAGE_TTL, RedisBroker
from dramatiq.common import current_millis, q_name

from osmod.jobs.errors import JobNotQueued
from osmod.jobs.messages.bounds import bounded_delay, check_queue_name, check_span
from osmod.jobs.messages.options import ACTOR_OPTIONS, MESSAGE_OPTIONS, apply_to_actor
from osmod.jobs.middleware.defaults import default_middleware, ensure_control
from osmod.jobs.queue.custody import DEFAULT_LEASE, Custody
from osmod.jobs.queue.retries import is_its_run, run_again
from osmod.jobs.queue.scripts import ENQUEUE, PURGE
from osmod.jobs.queue.sending import DEFAULT_SEND_PATIENCE, Sender, stored_as
from osmod.jobs.wire.connection import bounded, client_from_url
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of
from osmod.jobs.worker.consumer import JobConsumer
from osmod.jobs.worker.hook_table import HookTable
from osmod.jobs.worker.lifecycle import DEFAULT_DRAIN, Lifecycle
from osmod.jobs.worker.two_ways import as_run_here

#: Milliseconds that an idle consumer sleeps when nothing is known to come.
DEFAULT_NAP = 10_000
#: Finished jobs kept, and for how many milliseconds.
DEFAULT_KEEP_DONE = 20_000
DEFAULT_DONE_TTL = 86_400_000

_STOCK_PARAMETERS = ("maintenance_chance", "heartbeat_timeout")


class JobBroker(RedisBroker):
    """A `RedisBroker` whose jobs survive what happens to workers, to Redis and to the network between.

    It takes the arguments of `RedisBroker`, of which `maintenance_chance` and `heartbeat_timeout` have
    nothing left to do, and:

    Parameters:
      url: `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `redis+cluster://`, see
        `osmod.jobs.wire.connection`.
      lease: how long a worker may show no sign of life before its jobs start elsewhere. A `timedelta`, or a
        number of milliseconds as everywhere in Dramatiq; a number below 250, which no lease in milliseconds
        could be, is taken as seconds.
      send_patience: milliseconds that `send` waits for a Redis that is away, before it raises.
      keep_done: number of finished jobs kept for a queue.
      remove_on_complete: whether jobs that are done here leave no record, unless their own option says otherwise.
      done_ttl: milliseconds for which a finished job is kept.
      dead_message_ttl: milliseconds for which a failed job is kept.
      nap: milliseconds after which an idle consumer looks up though nothing happened.
      drain: milliseconds that a stopping worker gives its running jobs.
    """

    #: redis-py's client, which may be that of a Cluster.
    client: Any

    def __init__(
        self,
        *,
        url: str | None = None,
        middleware: list[Middleware] | None = None,
        namespace: str = "dramatiq",
        lease: int | float | timedelta = DEFAULT_LEASE,
        send_patience: int = DEFAULT_SEND_PATIENCE,
        keep_done: int = DEFAULT_KEEP_DONE,
        done_ttl: int = DEFAULT_DONE_TTL,
        dead_message_ttl: int = DEFAULT_DEAD_MESSAGE_TTL,
        remove_on_complete: bool = False,
        nap: int = DEFAULT_NAP,
        drain: int = DEFAULT_DRAIN,
        client: redis.Redis | None = None,
        **parameters: Any,
    ) -> None:
        if "{" in namespace or "}" in namespace:
            raise ValueError(f"namespace={namespace!r}: braces are kept for the queue's name")
        stock = {name: parameters.pop(name) for name in _STOCK_PARAMETERS if name in parameters}
        if client is None:
            tcp = "unix_socket_path" not in parameters
            client = client_from_url(url) if url else redis.Redis(**bounded(parameters, tcp=tcp))
        check_span(keep_done=keep_done, done_ttl=done_ttl, dead_message_ttl=dead_message_ttl)
        check_span(nap=nap, drain=drain, send_patience=send_patience)
        self.namespace, self.dead_message_ttl, self.done_ttl = namespace, dead_message_ttl, done_ttl
        self.send_patience = send_patience
        self.links = Links(route_of(client))
        patient = max(0.2, send_patience / 3000)
        self.sender = Sender(self, Links(self.links.route, most=patient, eager=True))
        self.custody = Custody(
            self, self.sender, lease=lease, keep_done=keep_done, remove=remove_on_complete, nap=nap
        )
        self.lifecycle = Lifecycle(self.custody, drain)
        self._hooks = HookTable(self.lifecycle.hooks())
        super().__init__(  # type: ignore[no-untyped-call]
            middleware=default_middleware() if middleware is None else middleware,
            namespace=namespace,
            dead_message_ttl=dead_message_ttl,
            client=client,
            **stock,
        )
        self.actor_options |= ACTOR_OPTIONS
        #: Options known on messages, beside those of actors. If senders set options of your own middleware, add
        #: their names; what its hooks put on messages is not looked at.
        self.message_options = set(MESSAGE_OPTIONS)
        ensure_control(self)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"attribute {name} does not exist")

    @property
    def consumer_class(self) -> type[JobConsumer]:
        """What `consume` makes."""
        return JobConsumer

    def key_base(self, queue_name: str) -> bytes:
        """What all keys of a queue begin with. The braces keep them in one slot of a Cluster."""
        return f"{self.namespace}:{{{q_name(queue_name)}}}:".encode()

    def declare_actor(self, actor: Any) -> None:
        """Declare an actor, checking its options.

        Raises:
          InvalidOption: an option's value makes no sense.
        """
        apply_to_actor(actor)
        actor.fn = as_run_here(actor.fn)
        super().declare_actor(actor)

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue. Nothing happens if it is declared already.

        Raises:
          InvalidOption: its name is empty, or holds braces, blanks or control characters.
        """
        if queue_name not in self.queues:
            check_queue_name(queue_name)
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> JobConsumer:
        """A consumer of a queue.

        Parameters:
          queue_name: the queue.
          prefetch: jobs held at a time, running ones among them.
          timeout: milliseconds after which `next` on it gives None for want of a job, one second at most.
        """
        if self.custody.keep():
            self.lifecycle.release_on_exit()
        return self.consumer_class(self, queue_name, prefetch, timeout)

    def flush(self, queue_name: str) -> None:
        """Delete all jobs of a queue, the finished and failed too. Other queues are not touched."""
        while PURGE.run(self.links, self.key_base(queue_name), [b"1000"]):
            continue

    def do_enqueue(self, queue_name: str, message_id: str | bytes, data: bytes) -> None:
        """Store an encoded message."""
        job_id = message_id if isinstance(message_id, bytes) else message_id.encode()
        ENQUEUE.run(self.links, self.key_base(queue_name), [job_id, data, b""])

    def do_ack(self, queue_name: str, message_id: str) -> None:
        """Tell Redis that a job held by this process is done. Nothing happens if it is not held."""
        self.custody.holdings(q_name(queue_name)).tell(self.links, message_id)

    def do_nack(self, queue_name: str, message_id: str) -> None:
        """Tell Redis that a job held by this process has failed. Nothing happens if it is not held."""
        self.custody.holdings(q_name(queue_name)).tell(self.links, message_id, rejected=True)

    def do_purge(self, queue_name: str) -> None:
        """Delete all jobs of a queue."""
        self.flush(q_name(queue_name))

    def do_qsize(self, queue_name: str) -> int:
        """The number that `join` waits on, counted as Dramatiq does: jobs in a worker's care count twice."""
        base = self.key_base(queue_name).decode()
        with self.client.pipeline(transaction=False) as pipe:
            for name in ("ready", "delayed", "active"):
                pipe.zcard(base + name)
            ready, delayed, active = pipe.execute()
        return int(ready + 2 * (delayed + active))

    def close(self) -> None:
        """Stop extending leases and disconnect."""
        self.custody.close()
        self.links.close()
        self.sender.close()
        self.client.close()

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Queue a message, `delay` milliseconds from now if given.

        One message id is one job, however often it is sent. Only what a job's own run sends under its id, in
        its actor or its hooks, is a retry: it is stored in the same step in which the run is settled, so that
        it cannot be lost between the two.

        Returns the message; if its `unique` key was taken, with the id of the job that has it.

        Raises:
          JobNotQueued: Redis was away for longer than `send_patience`.
          UnknownArgument, UnknownOption, InvalidOption: the message's arguments or options make no sense.
        """
        job = self.custody.held(message.queue_name, message.message_id)
        if job is not None and is_its_run(job, message, self._hooks.job):
            return run_again(self, job, message, delay)
        delay = bounded_delay(delay, current_millis())
        message = self.sender.prepare(message, delay)
        self.emit_before("enqueue", message, delay)
        try:
            answer = self.sender.store(message, delay, follows=self._hooks.job is not None)
        except JobNotQueued:
            # A hook that sends on the end of a job has nobody to raise to.
            if not self._hooks.postpone(message, delay):
                raise
            answer = 1
        message = stored_as(message, answer)
        self.emit_after("enqueue", message, delay)
        return message

    def send_many(self, messages: Iterable[Message[Any]]) -> list[Message[Any]]:
        """Queue many messages with few calls, in their order. What holds for `enqueue` holds for each.

        All are looked at before the first is stored: if one is refused, none is queued.

        Raises:
          UnknownArgument, UnknownOption, InvalidOption: a message's arguments or options make no sense.
          JobNotQueued: Redis was away for too long; messages before the failing call are queued. Sending all
            of them again is safe.
        """
        prepared = [self.sender.prepare(message) for message in messages]
        for message in prepared:
            self.emit_before("enqueue", message, None)
        sent = self.sender.store_many([self.sender.letter(message) for message in prepared])
        for message in sent:
            self.emit_after("enqueue", message, None)
        return sent

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the `before_` hooks of a signal."""
        self._hooks.before(self, signal, args, kwargs)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the `after_` hooks of a signal."""
        self._hooks.after(self, signal, args, kwargs)
