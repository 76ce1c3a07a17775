"""The project's actors for the worker processes of the trial, whose pauses are shorter by the factor `CHAOS_HURRY`.

Whatever waits for minutes (a publisher that failed, a claim whose worker died, a scorer that is away) waits for
seconds: so that a run of minutes sees many of them. The database is `CHAOS_DATABASE`.
"""

from __future__ import annotations

import os
from functools import partial
from types import ModuleType

os.environ |= {"DATABASE_URL": os.environ["CHAOS_DATABASE"], "OSMOD_PRIVATE_WEBHOOKS": "true"}

from osmod.jobs.gate import BreakerTerms, Gate
from osmod.moderation import delivery, sending, unscored
from osmod.moderation.publishing import claiming, settling
from osmod.outgoing.client import Timeouts
from osmod.publishers import webhook
from osmod.task import turns
from tests.chaos import moderation  # noqa: F401
from tests.chaos.app import broker

HURRY = float(os.environ["CHAOS_HURRY"])
#: Of what must not run out while a process of a busy machine stands still for a while.
CLAIMS_HURRY = min(HURRY, 10.0)


def hurry(module: ModuleType, *names: str, by: float = HURRY) -> None:
    """Make a module's pauses shorter."""
    for name in names:
        vars(module)[name] /= by


hurry(claiming, "LEASE", by=CLAIMS_HURRY)
hurry(settling, "FIRST_REST", "LONGEST_REST")
hurry(delivery, "OVERDUE")
hurry(sending, "ANSWER_WAIT")
hurry(unscored, "FIRST_PAUSE")
hurry(turns, "PAUSE")
vars(settling)["PAUSES"] = tuple(pause / HURRY for pause in settling.PAUSES)
# Together still less than a claim lasts.
read, total = webhook.TIMEOUTS.read / CLAIMS_HURRY, webhook.TIMEOUTS.total / CLAIMS_HURRY
vars(webhook)["TIMEOUTS"] = Timeouts(read=read, total=total)
_terms = BreakerTerms()
vars(turns)["Gate"] = partial(
    Gate,
    hold=round(90_000 / CLAIMS_HURRY),
    breaker=BreakerTerms(
        _terms.failures,
        *(round(millis / HURRY) for millis in (_terms.first, _terms.longest, _terms.refused)),
    ),
)
for actor in broker.actors.values():
    for option in actor.options.keys() & {"min_backoff", "max_backoff"}:
        actor.options[option] = max(10, round(actor.options[option] / HURRY))
