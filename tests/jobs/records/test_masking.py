"""What is not shown of a job."""

from __future__ import annotations

import json

import dramatiq
import pytest

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.messages.arguments import MASK, scrubbed
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.waiting import until


def record(broker: JobBroker, job_id: str) -> JobRecord:
    found = get_job(broker, job_id)
    assert found is not None
    return found


def test_sensitive_arguments_are_masked(broker: JobBroker) -> None:
    """In arguments, however sent, in errors, tracebacks and log lines."""

    @dramatiq.actor(max_retries=0, sensitive=("text", "author_name"))
    def score(comment_id: int, text: str, author_name: str = "") -> None:
        current_job().log(f"scoring {text!r}")
        raise ValueError(f"cannot score {text!r} of {author_name}")

    message = score.send_with_options(args=(12, "you are all fools"), kwargs={"author_name": "Jane Doe"})
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.FAILED)

    job = record(broker, message.message_id)
    assert {"comment_id": 12, "text": MASK, "author_name": MASK} == job.arguments
    assert ((12, MASK), {"author_name": MASK}) == (job.args, job.kwargs)
    assert job.error is not None
    assert f"cannot score '{MASK}' of {MASK}" == job.error.message
    assert [f"scoring '{MASK}'"] == [line.text for line in job.log]
    for secret in ("fools", "Jane"):
        assert secret not in f"{job.as_dict()} {job!r}"


def test_sensitive_arguments_are_masked_in_the_workers_log(
    broker: JobBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """Dramatiq logs a failing job as a call with all its arguments; ours without the sensitive ones."""

    @dramatiq.actor(max_retries=0, sensitive=("text",))
    def score(comment_id: int, text: str) -> None:
        raise ValueError(str(comment_id))

    message = score.send(12, text="you are all fools")
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.FAILED)

    assert (
        "Failed to process message score(comment_id=12, text=•••) with unhandled exception."
        in caplog.messages
    )
    assert "fools" not in caplog.text


def test_of_an_actor_unknown_here_every_text_is_masked(broker: JobBroker) -> None:
    """Nobody can say which of its arguments are sensitive."""
    message: dramatiq.Message[None] = dramatiq.Message(
        "default", "elsewhere", (), {"comment_id": 12, "text": "secret", "many": ["secret"]}, {}
    )
    broker.enqueue(message)
    broker.declare_queue("default")

    assert {"comment_id": 12, "text": MASK, "many": MASK} == record(broker, message.message_id).arguments


def test_a_job_that_could_not_be_queued_is_named_without_secrets() -> None:
    """The error may be logged by whoever sent it."""
    broker = JobBroker(url="redis://127.0.0.1:1", send_patience=0)
    dramatiq.set_broker(broker)

    @dramatiq.actor(sensitive=("text",))
    def score(comment_id: int, text: str) -> None:
        """Nothing runs here."""

    with pytest.raises(JobNotQueued) as raised:
        score.send(12, text="you are all fools")

    assert str(raised.value).startswith(
        "score(comment_id=12, text=•••) was not queued: Redis does not answer"
    )
    broker.close()


def test_of_an_actor_unknown_here_errors_are_masked_too(broker: JobBroker) -> None:
    """What is masked in the arguments does not stand in the error."""

    @dramatiq.actor(max_retries=0)
    def score(comment_id: int, text: str) -> None:
        raise ValueError(f"cannot score {text}")

    message = score.send(12, text="you are all fools")
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.FAILED)
    del broker.actors["score"]

    job = record(broker, message.message_id)
    assert job.error is not None
    assert f"cannot score {MASK}" == job.error.message
    assert "fools" not in f"{job.as_dict()}"


def test_what_is_cut_off_is_masked_first(broker: JobBroker) -> None:
    """A long text is kept in part: no part of what is sensitive is."""

    @dramatiq.actor(max_retries=0, sensitive=("text",))
    def score(text: str) -> None:
        raise ValueError(f"cannot score {json.dumps(text)} or {text}")

    message = score.send("fööls " * 1_000)
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.FAILED)

    job = record(broker, message.message_id)
    assert job.error is not None
    assert f'cannot score "{MASK}" or {MASK}' == job.error.message
    for written in ("fööls", "f\\u00f6\\u00f6ls"):
        assert written not in job.error.traceback


def test_a_text_that_is_quoted_in_part_is_masked() -> None:
    """Errors cut what they quote; the first dozen letters give it away."""
    hidden = ["you are all fools, and worse", "Jane"]
    assert f"it is '{MASK}...' of {MASK}" == scrubbed("it is 'you are all fools...' of Jane", hidden)
    assert f"{MASK}{MASK}" == scrubbed("you are all fyou are all fools, and worse", hidden)
    assert "you are all" == scrubbed("you are all", hidden)


def test_the_longest_of_several_spellings_is_masked() -> None:
    """A text in JSON and the same as Python shows it begin alike; what was cut is masked as far as it is known."""
    hidden = ['you are all \\"fools\\"', 'you are all "fools"']
    assert f"it is {MASK}..." == scrubbed('it is you are all "foo...', hidden)
