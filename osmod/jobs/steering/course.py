"""How far an act on many jobs has come, for whoever watches it, and for one who wants it to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: Jobs acted on in one step.
STEP = 200


class Stopped(Exception):
    """An act that was told to stop has done so, between two steps."""


class OtherNumber(Exception):
    """An act found other jobs than it was confirmed for, and did nothing. `found`: how many."""

    def __init__(self, found: int) -> None:
        super().__init__(f"there are {found} such jobs by now")
        self.found = found


@dataclass
class Course:
    """One act's way through the jobs that it means, in steps that are each done, and written down, or not at all.

    Attributes:
      meant: jobs found.
      passed: jobs of the steps that are done.
      changed: how many of these the act changed; the others had become something that it leaves alone.
      under_way: jobs of the step that was asked for, and whose answer has not come: after an error it may be done.
      stopping: set it to have the act stop before its next step, by `Stopped`.
      watch: called after each step.
      confirmed: how many jobs whoever acts has said yes to; None: it was not asked. So they are counted as they are
        found, in place of being looked for once more.
    """

    meant: int = 0
    passed: int = 0
    changed: int = 0
    under_way: int = 0
    stopping: bool = False
    watch: Callable[[], object] = lambda: None
    confirmed: int | None = None

    def steps(self, found: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
        """Each step's queue and ids, of those found.

        Raises:
          Stopped: it was told to.
          OtherNumber: before the first step, if others were found than it was confirmed for.
        """
        self.meant = sum(map(len, found.values()))
        if self.confirmed not in (None, self.meant):
            raise OtherNumber(self.meant)
        for queue, ids in found.items():
            for at in range(0, len(ids), STEP):
                if self.stopping:
                    raise Stopped
                portion = ids[at : at + STEP]
                self.under_way = len(portion)
                yield queue, portion
                self.passed += len(portion)
                self.under_way = 0
                self.watch()
