"""Who the master is, asked of Sentinels."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import redis
from redis.exceptions import NoPermissionError
from redis.sentinel import MasterNotFoundError, Sentinel

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.refusals import place

#: Seconds for which one that did not answer is left alone, as long as another one names a master.
SILENT = 5.0
#: Seconds for which all that answer must have known less than one did before, until they are taken to be set up
#: anew. Longer than they take to hear of a failover from the one that led it: they talk every 2 seconds.
ANEW = 5.0

#: What a Sentinel says of a master.
State = Mapping[str, Any]


class NoMasterNamed(MasterNotFoundError):
    """Sentinels answer, and name no master that is to be believed: it is down, or being replaced."""


class Sentinels(Sentinel):
    """Believes, of all that answer, the one that knows most, and none that knows less than was told before.

    Who leads a failover knows of it first; another one names the old master for a moment longer, as does one that
    was frozen together with it and wakes. Where the one that knows most names nobody, as the new master is busy or
    down as well, the old one is not believed either. If all of them know less for a while, and most say the same,
    they were set up anew.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._epochs: dict[str, int] = {}
        #: Since when all that answer know less than was told before, by master.
        self._behind_since: dict[str, float] = {}
        #: Until when each is asked only where the others name nobody.
        self._silent_until = [0.0] * len(self.sentinels)

    def discover_master(self, service_name: str) -> Any:
        """The master's address.

        Raises:
          RedisUnusable: the Sentinels refuse the login, or have never known of such a master.
          NoMasterNamed: none that answers has it for a master now.
          redis.sentinel.MasterNotFoundError: none answers.
        """
        try:
            try:
                return self._newest(service_name)
            except MasterNotFoundError:
                if not self._are_anew(service_name):
                    raise
                self._epochs.pop(service_name, None)
                return self._newest(service_name)
        except redis.ResponseError as error:
            raise self._refused(error) from error
        except MasterNotFoundError as error:
            # Its text shows every setting of every connection.
            where = self._places()
            if "AuthenticationError" in str(error):
                raise RedisUnusable(
                    f"the Sentinels at {where} refuse the login: correct sentinel_username and sentinel_password "
                    "in REDIS_URL"
                ) from None
            others = set() if service_name in self._epochs else self._watched()
            if others and service_name not in others:
                raise RedisUnusable(
                    f"the Sentinels at {where} know of no master {service_name!r}, but of "
                    f"{', '.join(map(repr, sorted(others)))}: correct its name in REDIS_URL"
                ) from None
            raise type(error)(f"no Sentinel at {where} names a master {service_name!r}") from None

    def check_master_state(self, state: State, service_name: str) -> bool:
        """Whether a Sentinel names the master. The one that leads a failover knows its epoch before its outcome."""
        named: bool = super().check_master_state(state, service_name)  # type: ignore[no-untyped-call]
        return named and "failover_in_progress" not in state.get("flags", ())

    def _newest(self, service_name: str) -> tuple[str, int]:
        """The address that those say that know of the latest failover."""
        errors: list[str] = []
        told: list[State] = []
        now = time.monotonic()
        awake = [now >= until for until in self._silent_until]
        for wanted in (True, False):  # The silent ones only where no other names a master.
            asked = [number for number, is_awake in enumerate(awake) if is_awake is wanted]
            states = [self._told(number, service_name, errors) for number in asked]
            told += [state for state in states if state is not None]
            latest = self._latest(service_name, told)
            for state in told:
                if _epoch(state) == latest and self.check_master_state(state, service_name):
                    return state["ip"], state["port"]
        found = NoMasterNamed if told else MasterNotFoundError
        raise found(f"No master found for {service_name!r}: {', '.join(errors)}")

    def _told(self, number: int, service_name: str, errors: list[str]) -> State | None:
        """What one Sentinel says of the master, if it answers and has heard of it."""
        try:
            masters: Any = self.sentinels[number].sentinel_masters()
        except (redis.ConnectionError, redis.TimeoutError) as error:
            self._silent_until[number] = time.monotonic() + SILENT
            errors.append(repr(error))
            return None
        self._silent_until[number] = 0.0
        state: State | None = masters.get(service_name)
        return state

    def _latest(self, service_name: str, told: Iterable[State]) -> int | None:
        """The epoch of the latest failover that anybody has ever told of, these included."""
        before = self._epochs.get(service_name, 0)
        now = max(map(_epoch, told), default=None)
        if now is None:
            return None
        if now < before:
            self._behind_since.setdefault(service_name, time.monotonic())
        else:
            self._behind_since.pop(service_name, None)
        self._epochs[service_name] = max(now, before)
        return self._epochs[service_name]

    def _are_anew(self, service_name: str) -> bool:
        """Whether all that answer have known less for a while, and most of all, those not in the URL too, agree."""
        since = self._behind_since.get(service_name)
        if since is None or time.monotonic() - since < ANEW:
            return False
        states = [self._told(number, service_name, []) for number in range(len(self.sentinels))]
        told = [state for state in states if state is not None]
        said = Counter((state["ip"], state["port"], _epoch(state)) for state in told)
        known = max((int(state["num-other-sentinels"]) + 1 for state in told), default=0)
        return 2 * max(said.values(), default=0) > max(known, len(self.sentinels))

    def _places(self) -> str:
        return ", ".join(place(one.connection_pool.connection_kwargs) for one in self.sentinels)

    def _watched(self) -> set[str]:
        """The names of all masters that the Sentinels know of, those that answer."""
        names: set[str] = set()
        for sentinel in self.sentinels:
            with suppress(redis.ConnectionError, redis.TimeoutError):
                masters: Any = sentinel.sentinel_masters()
                names |= masters.keys()
        return names

    def _refused(self, error: redis.ResponseError) -> RedisUnusable:
        if isinstance(error, NoPermissionError):
            return RedisUnusable(
                f"the Sentinels at {self._places()} do not allow SENTINEL MASTERS ({error}): "
                "docs/operations.md lists the rights of each program"
            )
        return RedisUnusable(
            f"what answers at {self._places()} is no Sentinel ({error}): name the Sentinels, whose port is 26379 "
            "unless set otherwise, or write redis:// in REDIS_URL"
        )


def _epoch(state: State) -> int:
    return int(state.get("config-epoch", 0))
