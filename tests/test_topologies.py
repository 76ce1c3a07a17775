"""The sets of servers that tests break do what real ones do: fail over, take back, move slots."""

from __future__ import annotations

import pytest
from redis.cluster import RedisCluster
from redis.sentinel import Sentinel

from tests.redis_clusters import ClusterSet
from tests.redis_sentinels import NAME, SentinelSet


def test_sentinels_fail_over_and_take_back(sentinels: SentinelSet) -> None:
    """What was written is on the new master; the old one follows it once it is back."""
    sentinels.master.client.set("mine", "1")
    assert 2 == sentinels.master.client.wait(2, 5000)
    old = sentinels.fail_over("freeze")
    new = sentinels.master

    assert new is not old
    assert b"1" == new.client.get("mine")
    sentinels.heal()
    assert old.follows(new)


def test_sentinels_are_found_by_their_url(sentinels: SentinelSet) -> None:
    """The URL names the three sentinels and the master, as clients take it apart."""
    hosts = sentinels.url.removeprefix("redis+sentinel://").removesuffix(f"/{NAME}").split(",")
    client = Sentinel([tuple(host.split(":")) for host in hosts]).master_for(NAME)

    assert 3 == len(hosts)
    assert sentinels.master.client.info("server")["run_id"] == client.info("server")["run_id"]
    client.close()


def test_a_killed_master_comes_back_as_it_was(sentinels: SentinelSet) -> None:
    """Started again it first takes itself for a master still; then the sentinels make a replica of it."""
    old = sentinels.fail_over("kill")
    old.start()

    assert "master" == old.ask("ROLE")[0]
    sentinels.heal()
    assert old.follows(sentinels.master)


@pytest.mark.parametrize("by", ["kill", "command"])
def test_a_cluster_fails_over(cluster: ClusterSet, by: str) -> None:
    """The replica of the key's master takes over; the other masters stay what they are."""
    others = [master for master in cluster.masters if master is not cluster.master_of("mine")]
    old = cluster.fail_over("mine", by)
    new = cluster.master_of("mine")

    assert new is not old
    cluster.heal()
    assert old.follows(new)
    assert set(others) < set(cluster.masters)


def test_a_slot_moves_in_portions(cluster: ClusterSet) -> None:
    """In the midst of it some keys are here and some there, and a client that follows ASK has them all."""
    keys = [f"{{mine}}:{number}" for number in range(20)]
    source = cluster.master_of("{mine}")
    target = next(master for master in cluster.masters if master is not source)
    halves: list[tuple[int, int]] = []
    with RedisCluster(host="127.0.0.1", port=source.port) as client:
        for key in keys:
            client.set(key, "1")

        def look() -> None:
            halves.append((int(source.ask("DBSIZE")), int(target.ask("DBSIZE"))))
            assert [b"1"] * 20 == [client.get(key) for key in keys]

        cluster.move_slot(client.keyslot("{mine}"), target, portion=5, between=look)
        look()

    assert [(15, 5), (10, 10), (5, 15), (0, 20), (0, 20)] == halves
    assert target is cluster.master_of("{mine}")


def test_a_queue_is_resharded(cluster: ClusterSet) -> None:
    """A key's slot goes to the next master, and the key with it."""
    source = cluster.master_of("{mine}")
    source.client.set("{mine}", "1")
    target = cluster.reshard("{mine}")

    assert target is not source
    assert b"1" == target.client.get("{mine}")
