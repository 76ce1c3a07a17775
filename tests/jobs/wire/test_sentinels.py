"""Which of several Sentinels is believed."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from redis.sentinel import MasterNotFoundError

from osmod.jobs.wire.sentinels import Sentinels

OLD, NEW = ("10.0.0.1", 6379), ("10.0.0.2", 6379)


class Told:
    """A Sentinel that says who the master is, or does not answer."""

    connection_pool = redis.ConnectionPool(host="sentinel", port=26379)

    def __init__(
        self, master: tuple[str, int] | None, epoch: int = 0, *, down: bool = False, leads: bool = False
    ) -> None:
        self.master, self.epoch, self.down, self.leads, self.asked = master, epoch, down, leads, 0

    def sentinel_masters(self) -> dict[str, dict[str, Any]]:
        """As redis-py gives the answer of SENTINEL MASTERS."""
        self.asked += 1
        if self.master is None:
            raise redis.TimeoutError("no answer")
        ip, port = self.master
        flags = {"master", *(["failover_in_progress"] if self.leads else ())}
        state = {"flags": flags, "ip": ip, "port": port, "config-epoch": self.epoch, "num-other-sentinels": 2}
        return {"mymaster": state | {"is_master": True, "is_sdown": self.down, "is_odown": self.down}}


def sentinels(*told: Told) -> Sentinels:
    """Sentinels that nobody has asked yet."""
    made = Sentinels([("sentinel", 26379)] * len(told))
    made.sentinels = told  # type: ignore[assignment]
    return made


@pytest.mark.parametrize("first", [0, 1])
def test_the_newest_is_believed(first: int) -> None:
    """P1: one has not heard of the failover yet; the old master, back, would take what is deleted later."""
    told = [Told(OLD, 0), Told(NEW, 1)]

    assert NEW == sentinels(told[first], told[1 - first]).discover_master("mymaster")


def test_one_that_is_silent_is_not_asked_each_time() -> None:
    """It costs its timeout; while others answer it is left alone for a while."""
    silent, well = Told(None), Told(NEW, 1)
    asked = sentinels(silent, well)
    for _ in range(5):
        assert NEW == asked.discover_master("mymaster")

    assert (1, 5) == (silent.asked, well.asked)


def test_one_that_was_silent_is_asked_when_the_others_name_nobody() -> None:
    """It may be the only one that knows."""
    silent, well = Told(None), Told(OLD, 0)
    asked = sentinels(silent, well)
    asked.discover_master("mymaster")
    silent.master, silent.epoch, well.down = NEW, 1, True

    assert NEW == asked.discover_master("mymaster")


def test_what_is_older_than_what_was_told_before_is_not_believed() -> None:
    """The one that knew is away now; the other one has yet to hear of it."""
    knows, late = Told(NEW, 1), Told(OLD, 0)
    asked = sentinels(knows, late)
    asked.discover_master("mymaster")
    knows.master = None

    with pytest.raises(MasterNotFoundError):
        asked.discover_master("mymaster")


def test_the_old_master_is_not_believed_while_the_new_one_is_away() -> None:
    """P1: who knows of the failover takes the new master to be down; who does not yet, names the old one."""
    with pytest.raises(MasterNotFoundError):
        sentinels(Told(NEW, 1, down=True), Told(OLD, 0)).discover_master("mymaster")


def test_the_leader_of_a_failover_names_the_old_master_until_it_is_over() -> None:
    """P1: with the epoch of the new one."""
    leader, other = Told(OLD, 1, leads=True), Told(NEW, 1)

    assert NEW == sentinels(leader, other).discover_master("mymaster")
    with pytest.raises(MasterNotFoundError):
        sentinels(leader, Told(OLD, 0)).discover_master("mymaster")


def test_most_of_them_may_be_late() -> None:
    """P1: the one that led the failover is gone, and the others have not heard of it; when they have, it is well."""
    leader, *others = Told(NEW, 1), Told(OLD, 0), Told(OLD, 0)
    asked = sentinels(leader, *others)
    asked.discover_master("mymaster")
    leader.master = None
    with pytest.raises(MasterNotFoundError):
        asked.discover_master("mymaster")
    others[0].master, others[0].epoch = NEW, 1

    assert NEW == asked.discover_master("mymaster")


def test_those_set_up_anew_are_believed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """All count failovers from nought again, and go on doing so."""
    told = [Told(NEW, 1) for _ in range(3)]
    asked = sentinels(*told)
    asked.discover_master("mymaster")
    for one in told:
        one.epoch = 0
    with pytest.raises(MasterNotFoundError):
        asked.discover_master("mymaster")
    monkeypatch.setattr("osmod.jobs.wire.sentinels.ANEW", 0.0)

    assert NEW == asked.discover_master("mymaster")


def test_they_are_asked_once_for_a_master_that_is_known() -> None:
    """Only of one that nobody has heard of is it asked which others there are: whoever hangs costs its timeout."""
    told = [Told(NEW, 1, down=True), Told(NEW, 1)]
    asked = sentinels(*told)
    asked.discover_master("mymaster")
    for one in told:
        one.down, one.asked = True, 0
    with pytest.raises(MasterNotFoundError):
        asked.discover_master("mymaster")

    assert [1, 1] == [one.asked for one in told]
