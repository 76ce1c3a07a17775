"""Hundreds of questions to a scorer are under way in one process, though it has one thread."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from unittest.mock import Mock

import pytest
from dramatiq import Worker

from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Gate
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.loop import PerLoop
from osmod.scorers import Question, Scored
from osmod.task import asking
from tests.actors.scorers import ToldScorer, many_asked, scored
from tests.actors.test_turns import jobs
from tests.actors.test_turns import queue as queue
from tests.moderation.conftest import world as world
from tests.moderation.world import World
from tests.waiting import until

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_hundreds_at_once(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread keeps as many questions under way as there are, and asks the database and the gate few times."""
    number = 200
    scorer = world.scorer({"endpointType": "told"})
    many_asked(world, scorer, number)
    under_way: list[int] = []
    all_there = threading.Event()

    async def answer(self: ToldScorer, question: Question) -> Scored | None:
        under_way.append(question.request_id)
        if len(under_way) == number:
            all_there.set()
        while not all_there.is_set():
            await asyncio.sleep(0.01)
        return scored(0.5)

    monkeypatch.setattr(ToldScorer, "score", answer)
    steps = Mock(wraps=Gate.enter_all)
    monkeypatch.setattr(Gate, "enter_all", lambda gate, tickets: steps(gate, tickets))
    ask = queue.get_actor("askScorer")
    queue.send_many(ask.message(request_id=n + 1) for n in range(number))
    worker = Worker(queue, worker_threads=1)
    worker.start()
    try:
        assert all_there.wait(120), f"{len(under_way)} at once"
        until(lambda: not jobs(queue, "askScorer"), 20, "all have ended")
    finally:
        all_there.set()
        worker.stop()
    assert list(range(1, number + 1)) == sorted(under_way)
    assert steps.call_count < number / 2


def test_each_answer_names_the_job_that_asked(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the answers of many are queued with one call, which one of them makes."""
    number = 20
    scorer = world.scorer({"endpointType": "told"})
    many_asked(world, scorer, number)
    under_way: list[int] = []

    async def answer(self: ToldScorer, question: Question) -> Scored | None:
        under_way.append(question.request_id)
        while len(under_way) < number:
            await asyncio.sleep(0.01)
        return scored(0.5)

    monkeypatch.setattr(ToldScorer, "score", answer)
    ask = queue.get_actor("askScorer")
    sent = queue.send_many(ask.message(request_id=n + 1) for n in range(number))

    worker = Worker(queue, worker_threads=1, worker_timeout=20)
    worker.start()
    queue.join("default")
    worker.stop()

    answers = find(queue, JobFilter(actor="processMachineScore")).jobs
    assert {(one.kwargs["request_id"], one.message_id) for one in sent} == {
        (job.arguments["request_id"], job.parent) for job in answers
    }


def test_a_place_is_the_next_ones_once_the_scorer_has_answered(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than there are places are asked at once; the gate is told, and the answer queued, beside the next."""
    monkeypatch.setattr(asking, "_places", PerLoop(lambda: asyncio.Semaphore(1)))
    scorer = world.scorer({"endpointType": "told"})
    many_asked(world, scorer, 2)
    under_way: list[int] = []
    next_is_asked = threading.Event()

    async def answer(self: ToldScorer, question: Question) -> Scored | None:
        under_way.append(question.request_id)
        assert 1 == len(under_way)
        await asyncio.sleep(0)
        under_way.remove(question.request_id)
        asked.append(question.request_id)
        if len(asked) == 2:
            next_is_asked.set()
        return scored(0.5)

    def leave(gate: Gate, requests: Any) -> None:
        assert next_is_asked.wait(120)
        leave_all(gate, requests)

    asked: list[int] = []
    leave_all = Gate.leave_all
    monkeypatch.setattr(ToldScorer, "score", answer)
    monkeypatch.setattr(Gate, "leave_all", leave)
    ask = queue.get_actor("askScorer")
    queue.send_many(ask.message(request_id=n + 1) for n in range(2))

    worker = Worker(queue, worker_threads=1, worker_timeout=20)
    worker.start()
    queue.join("default")
    worker.stop()

    assert [1, 2] == sorted(asked)
    assert 2 == len(find(queue, JobFilter(actor="processMachineScore")).jobs)
