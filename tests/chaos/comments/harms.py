"""One fault after the other, in random order, while other things go on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

Fault = Callable[[], None]


class Harms:
    """A thread that does all of some faults, each in turn and each time in another order, until it is to stop.

    Attributes:
      done: how often each was done, by name.
      failed: what a fault raised, which ended it all.
    """

    def __init__(self, faults: Sequence[Fault], pauses: tuple[float, float], random: Random) -> None:
        self.done: Counter[str] = Counter()
        self.failed: BaseException | None = None
        self._faults, self._pauses, self._random = faults, pauses, random
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Return when each was done once, and the last one is over. Raises what one of them raised."""
        self._over.set()
        self._thread.join()
        if self.failed is not None:
            raise self.failed

    def _run(self) -> None:
        try:
            self._round()
            while not self._over.is_set():
                self._round()
        except BaseException as error:  # noqa: BLE001 - raised at the end
            self.failed = error

    def _round(self) -> None:
        is_first = not self.done
        for fault in self._random.sample(self._faults, len(self._faults)):
            if self._over.wait(self._random.uniform(*self._pauses)) and not is_first:
                return
            self.done[fault.__name__.lstrip("_").replace("_", " ")] += 1
            fault()
