"""The names of Kue's keys are those that Kue itself uses."""

from __future__ import annotations

import json

import pytest

from osmod.kue.keys import KueQueue, id_of, zid
from tests.kue.node import Node


def test_zid() -> None:
    """A number of two digits, how many digits the id has, stands before the id."""
    assert ["01|1", "02|10", "10|1234567890"] == [zid(1), zid("10"), zid(1234567890)]
    assert ["1", "10"] == [id_of(b"01|1"), id_of("02|10")]


@pytest.mark.parametrize("prefix", ["", "two words", "q\n"])
def test_a_prefix_that_no_key_can_begin_with(prefix: str) -> None:
    """It is refused where the queue is named."""
    with pytest.raises(ValueError, match="prefix="):
        KueQueue.at("redis://127.0.0.1:1", prefix)


def test_a_cluster() -> None:
    """Kue's keys would lie in many slots."""
    with pytest.raises(ValueError, match="Redis Cluster"):
        KueQueue.at("redis+cluster://127.0.0.1:1")


@pytest.mark.parametrize("prefix", ["q", "{k}:jobs"])
def test_keys_are_those_that_kue_writes(node: Node, kue: KueQueue, prefix: str) -> None:
    """A job that waits and one that is delayed stand where we look for them, and nowhere else."""
    queue = KueQueue(kue.client, prefix)
    jobs = [{"type": "youtube:x", "data": {"a": 1}}, {"type": "later", "data": {}, "delay": 60_000}]
    waiting, delayed = node.run("queue_jobs.js", json.dumps(jobs), prefix)
    expected = [queue.ids, queue.types, queue.jobs, queue.job(waiting), queue.job(delayed)]
    expected += [queue.state("inactive"), queue.state("inactive", "youtube:x"), queue.bell("youtube:x")]
    expected += [queue.state("delayed"), queue.state("delayed", "later")]
    assert sorted(expected) == sorted(key.decode() for key in kue.client.scan_iter())
    assert [zid(waiting).encode()] == kue.client.zrange(queue.state("inactive", "youtube:x"), 0, -1)
    assert b"inactive" == kue.client.hget(queue.job(waiting), "state")
