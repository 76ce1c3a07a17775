"""Who the master is, asked of Sentinels."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import redis
from redis.exceptions import NoPermissionError
from redis.sentinel import MasterNotFoundError, Sentinel

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.refusals import place

#: Seconds for which one that did not answer is left alone, as long as another one names a master.
SILENT = 5.0


class Sentinels(Sentinel):
    """Believes, of all that answer, the one that knows most, and none that knows less than was told before.

    Who leads a failover knows of it first; another one names the old master for a moment longer, as does one that
    was frozen together with it and wakes. If most of them know less, and the same, they were set up anew.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._epochs: dict[str, int] = {}
        self._doubted: set[str] = set()
        #: Until when each is asked only where the others name nobody.
        self._silent_until = [0.0] * len(self.sentinels)

    def discover_master(self, service_name: str) -> Any:
        """The master's address.

        Raises:
          RedisUnusable: the Sentinels refuse the login, or have never known of such a master.
          redis.sentinel.MasterNotFoundError: none that answers has it for a master now.
        """
        try:
            try:
                return self._newest(service_name)
            except MasterNotFoundError:
                if service_name not in self._doubted or not self._agreed(service_name):
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
            others = self._watched()
            if others and service_name not in others and service_name not in self._epochs:
                raise RedisUnusable(
                    f"the Sentinels at {where} know of no master {service_name!r}, but of "
                    f"{', '.join(map(repr, sorted(others)))}: correct its name in REDIS_URL"
                ) from None
            raise MasterNotFoundError(f"no Sentinel at {where} names a master {service_name!r}") from None

    def check_master_state(self, state: Mapping[str, Any], service_name: str) -> bool:
        """Whether what a Sentinel says of the master is to be believed."""
        if not super().check_master_state(state, service_name):  # type: ignore[no-untyped-call]
            return False
        epoch = int(state.get("config-epoch", 0))
        if epoch < self._epochs.get(service_name, 0):
            self._doubted.add(service_name)
            return False
        self._epochs[service_name] = epoch
        self._doubted.discard(service_name)
        return True

    def _newest(self, service_name: str) -> tuple[str, int]:
        """The address that the one says that knows of the latest failover."""
        errors: list[str] = []
        now = time.monotonic()
        awake = [now >= until for until in self._silent_until]
        for wanted in (True, False):  # The silent ones only where no other names a master.
            asked = [number for number, is_awake in enumerate(awake) if is_awake is wanted]
            told = [self._told(number, service_name, errors) for number in asked]
            if states := [state for state in told if state is not None]:
                newest = max(states, key=lambda state: int(state.get("config-epoch", 0)))
                return newest["ip"], newest["port"]
        raise MasterNotFoundError(f"No master found for {service_name!r}: {', '.join(errors)}")

    def _told(self, number: int, service_name: str, errors: list[str]) -> Mapping[str, Any] | None:
        """What one Sentinel says of the master, if that is to be believed."""
        try:
            masters: Any = self.sentinels[number].sentinel_masters()
        except (redis.ConnectionError, redis.TimeoutError) as error:
            self._silent_until[number] = time.monotonic() + SILENT
            errors.append(repr(error))
            return None
        self._silent_until[number] = 0.0
        state: Mapping[str, Any] | None = masters.get(service_name)
        return state if state and self.check_master_state(state, service_name) else None

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

    def _agreed(self, service_name: str) -> bool:
        """Whether most of all Sentinels, those not in the URL as well, say the same of a master."""
        told: Counter[tuple[Any, ...]] = Counter()
        known = len(self.sentinels)
        for sentinel in self.sentinels:
            with suppress(redis.ConnectionError, redis.TimeoutError):
                masters: Any = sentinel.sentinel_masters()
                state = masters.get(service_name)
                if state and super().check_master_state(state, service_name):  # type: ignore[no-untyped-call]
                    told[state["ip"], state["port"], state["config-epoch"]] += 1
                    known = max(known, int(state["num-other-sentinels"]) + 1)
        return 2 * max(told.values(), default=0) > known
