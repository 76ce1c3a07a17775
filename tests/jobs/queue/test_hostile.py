"""What no queue should be given: refused before anything is stored, or stored without harm."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor, Message, Middleware, Retry
from dramatiq.middleware import MiddlewareError

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.gate import Gate, GateLimits
from osmod.jobs.messages.bounds import GATE_PREFIX, RATE_PREFIX, WORKERS_NAME
from osmod.jobs.middleware.ratelimit import RateLimit
from osmod.jobs.queue.presence import give_sign_of_life
from osmod.jobs.queue.sending import SEND_BATCH
from osmod.jobs.schedules import SchedulesMiddleware, every
from osmod.jobs.steering.invariants import check
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

SURROGATE = "half \ud800 pair"
HOSTILE: list[dict[str, Any]] = [
    {"unique": SURROGATE},
    {"unique": "key", "unique_ttl": 10**19},
    {"unique": "key", "unique_for": 10**19},
    {"unique": "key", "unique_for": timedelta.max},
    {"eta": 1e305},
    {"eta": math.nan},
    {"eta": math.inf},
    {"eta": "tomorrow"},
    {"priority": math.nan},
    {"priority": math.inf},
    {"priority": 10**400},
    {"backoff": 10**19},
    {"backoff": {"type": "exponential", "delay": 10**400}},
    {"max_backoff": 10**30},
    {"min_backoff": math.nan},
    {"max_backoff": None},
    {"time_limit": "5 minutes"},
    {"time_limit": 10**400},
    {"max_age": "an hour"},
    {"max_retries": "3"},
    {"max_retries": math.nan},
    {"throws": "ValueError"},
]


def done_and_failed(broker: JobBroker, actor: Actor[[], None]) -> tuple[int, int]:
    """How many jobs are done and how many failed, once a worker has nothing more to do with one of this actor."""
    with working(broker):
        actor.send()
        broker.join("default", timeout=120_000)
    counts = queue_counts(broker, "default")
    return counts.done, counts.failed


@pytest.mark.parametrize("options", HOSTILE, ids=str)
def test_one_bad_option_refuses_the_whole_call(
    broker: JobBroker, server: Server, options: dict[str, Any]
) -> None:
    """Nothing is stored, the error names the option, and the good ones can be sent."""
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    good = [actor.message(number) for number in range(10)]
    bad = actor.message_with_options(args=(99,), **options)

    with pytest.raises(InvalidOption, match=f"^{list(options)[-1]}="):
        broker.send_many([*good[:5], bad, *good[5:]])
    assert [] == server.client.keys("*job:*")
    with pytest.raises(InvalidOption, match=f"^{list(options)[-1]}="):
        broker.enqueue(bad)
    broker.send_many(good)
    with working(broker):
        broker.join("default", timeout=120_000)

    assert list(range(10)) == sorted(ran)


def test_an_argument_without_a_form_refuses_the_whole_call(broker: JobBroker, server: Server) -> None:
    """However far behind it comes: nothing before it is stored."""
    actor = dramatiq.actor(actor_name="note")(lambda value: None)
    messages = [actor.message({"number": number}) for number in range(2 * SEND_BATCH)]
    messages.append(actor.message([object()]))
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        broker.send_many(messages)

    assert [] == server.client.keys("*job:*")


def test_any_text_goes_as_an_argument(broker: JobBroker) -> None:
    """Half a surrogate pair, NaN, braces, line ends: JSON has a form for them, so a job may have them."""
    values = [SURROGATE, math.inf, "{a}\r\n\0", ""]
    ran: list[Any] = []
    actor = dramatiq.actor(actor_name="note", unique=True)(ran.append)
    broker.send_many(actor.message(value) for value in values)
    with working(broker, threads=1):
        broker.join("default", timeout=120_000)

    assert values == ran


@pytest.mark.parametrize("delay", [math.nan, math.inf, -math.inf, 10**19, 10**400, "soon", True])
def test_a_delay_is_a_number_of_milliseconds(broker: JobBroker, server: Server, delay: Any) -> None:
    """Anything else is refused by name."""
    actor = dramatiq.actor(actor_name="note")(lambda: None)
    with pytest.raises(InvalidOption, match="^delay="):
        actor.send_with_options(delay=delay)

    assert [] == server.client.keys("*job:*")


@pytest.mark.parametrize("name", ["", " ", "a{b", "a}b", "a b", "a\nb", "a\r", "\0", SURROGATE])
def test_a_queue_name_must_fit_into_a_key(broker: JobBroker, server: Server, name: str) -> None:
    """Refused where it is declared, and where a message names it."""
    with pytest.raises(InvalidOption, match="queue name"):
        broker.declare_queue(name)
    with pytest.raises(InvalidOption, match="queue name"):
        broker.enqueue(Message(name, "note", (), {}, {}))

    assert [] == server.client.keys("*")


@pytest.mark.parametrize(
    "name", [WORKERS_NAME, f"{WORKERS_NAME}.DQ", f"{RATE_PREFIX}digest", f"{GATE_PREFIX}digest"]
)
def test_a_queue_name_must_not_be_one_of_our_own(broker: JobBroker, server: Server, name: str) -> None:
    """Its keys would be those of the workers' signs of life, of a rate limit or of a gate."""
    sentence = (
        f"^queue name {name!r}: its keys are those of the workers' signs of life, or of a rate limit or a gate; "
        "choose"
    )
    with pytest.raises(InvalidOption, match=sentence):
        broker.declare_queue(name)
    with pytest.raises(InvalidOption, match=sentence):
        broker.enqueue(Message(name, "note", (), {}, {}))

    assert [] == server.client.keys("*")


def test_any_other_queue_shares_no_key(broker: JobBroker) -> None:
    """What is not kept by queue has keys that a queue of the same name has not; its name may be anything."""
    give_sign_of_life(broker, threads=1, running=0, queues=["schedules"], since=0)
    RateLimit(broker, "digest", limit=1, per=1000).wait()
    Gate(broker, "digest", GateLimits(per_second=1)).enter("one")
    SchedulesMiddleware().store(broker).register({"hourly": every("1 hour")}, datetime.now(UTC))
    others = set(broker.client.keys("*"))
    for name in ("schedules", "audit", "queues", "rate", "gate", "worker"):
        broker.declare_queue(name)
        broker.enqueue(Message(name, "note", (), {}, {}))
        assert not any(key.startswith(broker.key_base(name)) for key in others)


@pytest.mark.parametrize("message_id", ["", " ", "!a", "@a", "a b", "a\n", SURROGATE])
def test_a_message_id_must_fit_into_a_line(broker: JobBroker, message_id: str) -> None:
    """Ids share lines with lengths and marks."""
    with pytest.raises(InvalidOption, match="message_id="):
        broker.enqueue(Message("default", "note", (), {}, {}, message_id))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in ("lease", "done_ttl", "dead_message_ttl", "nap", "drain", "send_patience", "keep_done")
        for value in (math.nan, math.inf, -1, 10**19)
    ],
)
def test_a_broker_takes_no_broken_numbers(name: str, value: Any) -> None:
    """Each is refused by its name as the broker is made."""
    with pytest.raises(InvalidOption, match=f"^{name}="):
        JobBroker(**{name: value})


@pytest.mark.parametrize(("limit", "per"), [(10**30, 1000), (1, 10**19), (1, math.nan)])
def test_a_rate_limit_takes_no_broken_numbers(broker: JobBroker, limit: int, per: Any) -> None:
    """Otherwise the script would fail, and nothing be limited."""
    with pytest.raises(InvalidOption, match="'api'"):
        RateLimit(broker, "api", limit=limit, per=per)


@pytest.mark.parametrize("delay", [10**30, math.inf, math.nan])
def test_a_retry_with_any_delay_is_kept(broker: JobBroker, delay: Any) -> None:
    """An actor asks for a retry that Redis could not hold as it stands: the job is not lost, nor done."""

    @dramatiq.actor(unique="key")
    def again() -> None:
        if not ran:
            ran.append(1)
            raise Retry(delay=delay)
        ran.append(2)

    ran: list[int] = []
    with working(broker):
        again.send()
        if math.isnan(delay):
            broker.join("default", timeout=120_000)
            assert [1, 2] == ran
        else:
            until(lambda: queue_counts(broker, "default").delayed)

    assert [] == check(broker)


def test_a_retry_that_cannot_be_stored_fails_the_job(broker: JobBroker) -> None:
    """A hook refuses the retry: the job that failed counts as failed, and not as done."""

    class Refusing(Middleware):
        def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
            if message.options.get("retries"):
                raise MiddlewareError("no more of it")

    broker.add_middleware(Refusing())

    @dramatiq.actor(attempts=2, backoff=5)
    def fails() -> None:
        raise RuntimeError("as told")

    assert (0, 1) == done_and_failed(broker, fails)


@pytest.mark.parametrize(
    "options", [{"throws": "ValueError"}, {"throws": [ValueError]}, {"max_retries": "3"}]
)
def test_an_actor_takes_no_option_that_its_failure_would_stumble_over(
    broker: JobBroker, options: dict[str, Any]
) -> None:
    """Dramatiq looks at these only once a job failed, and would count it as done, or end the thread."""
    with pytest.raises(InvalidOption, match=f"^{next(iter(options))}="):
        dramatiq.actor(actor_name="fails", **options)(lambda: None)


def test_a_failed_job_that_nobody_can_decide_about_has_failed(broker: JobBroker) -> None:
    """What decides whether it is tried again raises itself: the job counts as failed, and not as done."""

    @dramatiq.actor(retry_when=lambda retries, error: retries < error.limit)
    def fails() -> None:
        raise RuntimeError("as told")

    assert (0, 1) == done_and_failed(broker, fails)
