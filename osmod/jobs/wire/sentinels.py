"""Who the master is, asked of Sentinels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import redis
from redis.exceptions import NoPermissionError
from redis.sentinel import MasterNotFoundError, Sentinel

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.refusals import place


class Sentinels(Sentinel):
    """Believes no Sentinel that knows less than another one told before.

    One that was frozen together with the old master names that one for a moment after it wakes. If most of them
    know less, and the same, they were set up anew.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._epochs: dict[str, int] = {}
        self._doubted: set[str] = set()

    def discover_master(self, service_name: str) -> Any:
        """The master's address.

        Raises:
          RedisUnusable: the Sentinels refuse the login, or have never known of such a master.
          redis.sentinel.MasterNotFoundError: none that answers has it for a master now.
        """
        try:
            try:
                return super().discover_master(service_name)  # type: ignore[no-untyped-call]
            except MasterNotFoundError:
                if service_name not in self._doubted or not self._agreed(service_name):
                    raise
                self._epochs.pop(service_name, None)
                return super().discover_master(service_name)  # type: ignore[no-untyped-call]
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
