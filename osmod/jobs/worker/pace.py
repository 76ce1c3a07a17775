"""Whether jobs are so short that one thread runs them faster than several."""

from __future__ import annotations

from time import monotonic

#: Seconds that most of brisk jobs take at most.
BRISK = 0.00025
#: Of the jobs of late, the share that must take longer before they are taken to be slow, and the weight of one.
SLOW_SHARE, WEIGHT = 0.6, 0.1
#: Seconds until jobs that were not brisk are tried again, at first and at most.
TRIAL, RAREST_TRIAL = 0.05, 4.0


class Pace:
    """Python runs one thread at a time: eight threads awake for jobs of microseconds cost several times the jobs.

    Jobs are taken to be brisk until they prove slow, and are tried again later; the sooner, the longer they were
    brisk the last time. Whoever uses it sees to it that one thread does at a time.

    Attributes:
      brisk: whether they are brisk.
      ended: how many ended since they are.
    """

    def __init__(self) -> None:
        self.brisk = True
        self.ended = 0
        self._slow = 0.0
        self._since = monotonic()
        self._next_trial = 0.0
        self._trial_after = TRIAL

    def job_took(self, seconds: float) -> bool:
        """Note how long a job took while they are brisk. False: they no longer seem to be."""
        self.ended += 1
        # A share and no mean: a job during which the machine was busy elsewhere proves nothing.
        self._slow += ((seconds > BRISK) - self._slow) * WEIGHT
        return self._slow <= SLOW_SHARE

    def slowed(self) -> None:
        """They are not brisk. Nothing happens if that is known."""
        if self.brisk:
            now = monotonic()
            lasted = now - self._since > 4 * self._trial_after
            self._trial_after = TRIAL if lasted else min(RAREST_TRIAL, 2 * self._trial_after)
            self._next_trial = now + self._trial_after
            self.brisk, self.ended = False, 0

    def tried_again(self, now: float) -> bool:
        """Whether it is time, with a job that begins now, to take them to be brisk again."""
        if now <= self._next_trial:
            return False
        self.brisk, self._since, self._slow = True, now, 0.0
        return True
