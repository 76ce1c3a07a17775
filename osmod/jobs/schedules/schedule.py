"""What every schedule can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

_SECOND = timedelta(seconds=1)


class Schedule(ABC):
    """A repeating set of moments ("slots"), each a whole second.

    The value of an actor's `periodic` option. Schedules hold no state: equal ones have the same `key`.

    Attributes:
      catch_up: whether a run is made up for after no scheduler was up: one run, however many were missed.
      overlap: whether a run may start while the one before it is still waiting or running.
    """

    catch_up: bool
    overlap: bool

    @abstractmethod
    def next_after(self, moment: datetime) -> datetime:
        """Return the first slot strictly after `moment`, aware.

        Raises:
          ValueError: `moment` has no time zone.
        """

    @property
    @abstractmethod
    def spec(self) -> str:
        """What was written: `0 6 * * mon (Europe/Amsterdam)`, `every 6 hours`."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The schedule in a sentence, for people."""

    @property
    @abstractmethod
    def grain(self) -> timedelta:
        """How long a slot lasts: its minute, or its second if it has seconds of its own.

        A scheduler that starts within it still runs the slot: a restart is no outage.
        """

    @property
    def key(self) -> str:
        """Everything that makes this schedule what it is. Another key means the schedule was changed."""
        options = [name for name in ("catch_up", "overlap") if getattr(self, name)]
        return " ".join([self.spec, *options])

    def last_between(self, start: datetime, end: datetime) -> datetime | None:
        """Return the last slot after `start`, not after `end`; None if there is none.

        Cheap however long the time between is: it looks back from `end` in growing steps.
        """
        found: datetime | None = None
        step = 2 * self.grain
        while found is None:
            begin = max(start, end - step)
            slot = self.next_after(begin)
            while slot <= end:
                found, slot = slot, self.next_after(slot)
            if begin == start:
                break
            step *= 4
        return found

    # What the `periodiq` command asks of a schedule.

    def validate(self, now: datetime) -> bool:
        """Say whether `now`, cut to its second, is a slot."""
        second = as_utc(now).replace(microsecond=0)
        return self.next_after(second - _SECOND) == second

    def next_valid_date(self, now: datetime) -> datetime:
        """Return `next_after(now)`, under periodiq's name."""
        return self.next_after(now)

    def __str__(self) -> str:
        return self.spec

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def as_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC as a plain datetime.

    Raises:
      ValueError: it has no time zone, and so names no moment.
    """
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone: a schedule needs an aware datetime.")
    offset = moment.utcoffset() or timedelta(0)
    naive = datetime.combine(moment.date(), moment.time())  # subclasses such as pendulum's stay outside
    return (naive - offset).replace(tzinfo=UTC)
