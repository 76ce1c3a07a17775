"""Questions asked at the same time, gathered into one request."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import pytest

from osmod.batching import Batcher
from osmod.loop import run


class Unlucky(Exception):
    """13 is among the items."""


class Doubling:
    """Doubles numbers; calls wait until they may go on."""

    def __init__(self, takes: int = 100) -> None:
        self.calls: list[list[int]] = []
        self.may_go_on = asyncio.Event()
        self.takes = takes

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        await self.may_go_on.wait()
        if 13 in items or len(items) > self.takes:
            raise Unlucky
        if 0 in items and len(items) > 1:
            raise ConnectionError
        return [2 * item for item in items]


async def _asked(double: Doubling, batch: Batcher[int, int], items: Sequence[int]) -> list[object]:
    """One who comes first, then all others while that one is served; what became of each."""
    tasks = [asyncio.create_task(batch(100))]
    while not double.calls:
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(batch(item)) for item in items]
    await asyncio.sleep(0)
    double.may_go_on.set()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def _batch(double: Doubling, most: int = 8) -> Batcher[int, int]:
    return Batcher(double, most=most, divisible=Unlucky)


def test_those_who_come_during_a_call_share_the_next_ones() -> None:
    """The first is served at once and alone; the others together, as many as are taken, each with its own result."""

    async def scene() -> None:
        double = Doubling()
        assert [200, *range(2, 22, 2)] == await _asked(double, _batch(double), range(1, 11))
        assert [[100], [1, 2, 3, 4, 5, 6, 7, 8], [9, 10]] == double.calls

    asyncio.run(scene())


def test_one_that_cannot_be_served_fails_alone() -> None:
    """A batch that is refused is halved until the bad one is found; the size of batches stays."""

    async def scene() -> None:
        double = Doubling()
        batch = _batch(double)
        results = await _asked(double, batch, [1, 13, 3, 4])
        assert [200, 2, 6, 8] == [one for one in results if not isinstance(one, Unlucky)]
        assert [[100], [1, 13, 3, 4], [1, 13], [1], [13], [3, 4]] == double.calls
        assert batch._most == 8

    asyncio.run(scene())


def test_batches_become_as_small_as_is_taken() -> None:
    """Where both halves are served, the batch was too large: the next ones are not."""

    async def scene() -> None:
        double = Doubling(takes=2)
        batch = _batch(double)
        assert [200, *range(2, 14, 2)] == await _asked(double, batch, range(1, 7))
        del double.calls[:]
        await asyncio.gather(*(batch(item) for item in range(1, 6)))
        assert [[1, 2], [3, 4], [5]] == double.calls

    asyncio.run(scene())


def test_a_server_that_is_away_is_asked_once() -> None:
    """What no half could mend is told to all at once."""

    async def scene() -> None:
        double = Doubling()
        results = await _asked(double, _batch(double), [0, 1, 2])
        assert [200, ConnectionError, ConnectionError, ConnectionError] == [
            one if isinstance(one, int) else type(one) for one in results
        ]
        assert [[100], [0, 1, 2]] == double.calls

    asyncio.run(scene())


def test_one_who_leaves_takes_nobody_along() -> None:
    """A job whose time is over is no longer asked for; those beside it are."""

    async def scene() -> None:
        double = Doubling()
        batch = _batch(double)
        first = asyncio.create_task(batch(1))
        while not double.calls:
            await asyncio.sleep(0)
        second, third = (asyncio.create_task(batch(item)) for item in (2, 3))
        await asyncio.sleep(0)
        first.cancel()
        second.cancel()
        double.may_go_on.set()
        assert 6 == await third
        assert [[1], [3]] == double.calls

    asyncio.run(scene())


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_waits_for_none_of_its_parent() -> None:
    """A call that ran when the process was forked is not there in the child, which makes its own."""
    double = Doubling()
    batch = _batch(double)

    async def hold() -> asyncio.Task[int]:
        task = asyncio.create_task(batch(1))
        while not double.calls:
            await asyncio.sleep(0)
        return task

    async def ask_again() -> int:
        double.may_go_on.set()
        return await asyncio.wait_for(batch(4), 120)

    async def let_go(task: asyncio.Task[int]) -> int:
        double.may_go_on.set()
        return await task

    held = run(hold())
    child = os.fork()
    if not child:
        os._exit(0 if run(ask_again()) == 8 else 1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert 2 == run(let_go(held))


def test_each_has_an_error_of_its_own() -> None:
    """What one notes in it is not in those of the others."""

    async def scene() -> None:
        double = Doubling()
        errors = (await _asked(double, _batch(double), [0, 1, 2]))[1:]
        assert [ConnectionError] * 3 == [type(error) for error in errors]
        assert 3 == len({id(error) for error in errors})

    asyncio.run(scene())


def test_a_call_that_takes_long_holds_up_no_more_than_its_own() -> None:
    """The next ones run beside it; where two take long they wait for either, so that it is two calls at most."""

    async def scene() -> None:
        ends, calls = [asyncio.Event(), asyncio.Event()], list[list[int]]()

        async def double(items: Sequence[int]) -> list[int]:
            calls.append(list(items))
            if items[0] < len(ends):
                await ends[items[0]].wait()
            return [2 * item for item in items]

        batch = Batcher(double, most=8, patience=0.01)
        first = asyncio.create_task(batch(0))
        while not calls:
            await asyncio.sleep(0)
        assert 10 == await batch(5)
        second = asyncio.create_task(batch(1))
        while len(calls) < 3:
            await asyncio.sleep(0)
        third = asyncio.create_task(batch(6))
        await asyncio.sleep(0.05)
        assert [[0], [5], [1]] == calls
        ends[1].set()
        assert [2, 12] == [await second, await third]
        assert not first.done()
        ends[0].set()
        assert 0 == await first

    asyncio.run(asyncio.wait_for(scene(), 120))
