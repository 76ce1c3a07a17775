"""Fixtures: a set with sentinels and a cluster, each started once for the tests of a file, well and empty for each.

They ask each other how they are all the time: where they stay until the end of the run, all else waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import redis_clusters, redis_sentinels
from tests.redis_clusters import ClusterSet
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import binaries, binary_of, release
from tests.services import keep_running, unavailable

#: The release of Redis from which on the ports of a cluster can be chosen and sentinels be hurried.
SINCE = 7
#: What tests may have set, as it is without them.
AS_IT_COMES = {"min_replicas_to_write": 0, "min_replicas_max_lag": 10, "maxmemory": 0}


def capable_binary() -> str:
    """A server that both can be made of; without it the test that asks is skipped, or under CI fails."""
    binary = binary_of(next(iter(binaries()), "redis"))
    if release(binary) < SINCE:
        unavailable(f"no Redis {SINCE} or Valkey on this machine")
    return binary


@pytest.fixture(scope="module")
def _shared_sentinels() -> Iterator[SentinelSet]:
    with redis_sentinels.running(capable_binary()) as sentinels:
        yield sentinels


@pytest.fixture
def sentinels(_shared_sentinels: SentinelSet) -> Iterator[SentinelSet]:
    """A master, two replicas and three sentinels; everything in them may be killed and frozen."""
    keep_running(_shared_sentinels.pids)
    _shared_sentinels.master.ask("FLUSHALL")
    yield _shared_sentinels
    _shared_sentinels.heal()
    _shared_sentinels.configure(**AS_IT_COMES)
    keep_running(_shared_sentinels.pids)


@pytest.fixture(scope="module")
def _shared_cluster() -> Iterator[ClusterSet]:
    with redis_clusters.running(capable_binary()) as cluster:
        yield cluster


@pytest.fixture
def cluster(_shared_cluster: ClusterSet) -> Iterator[ClusterSet]:
    """Three masters with a replica each; everything in it may be killed, frozen and moved."""
    keep_running(_shared_cluster.pids)
    _shared_cluster.flush()
    yield _shared_cluster
    _shared_cluster.heal()
    _shared_cluster.configure(**AS_IT_COMES)
    keep_running(_shared_cluster.pids)
