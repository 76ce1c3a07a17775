"""Who is told of decisions: whether each can be told, and has heard all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from osmod.cli.checks.database import open_database
from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.queue_access import counted, load_actors
from osmod.jobs.records.glance import length
from osmod.moderation.models import now
from osmod.operating.publishers import PublisherState, publisher_states
from osmod.settings import Settings

#: A decision that has waited for longer is late.
LATE = timedelta(minutes=15)


def check_publishers(settings: Settings) -> Iterator[Finding]:
    """Every publisher, and what it has not heard."""
    load_actors(needed=False)
    with open_database(settings) as session:
        states = list(publisher_states(session, now()))
    if not states:
        yield ok("nobody is to be told of decisions")
    for state in states:
        yield from judge(state, now())


def judge(state: PublisherState, moment: datetime) -> Iterator[Finding]:
    """What is to be said of one publisher."""
    one = state.standing
    who = f"{one.name or 'a user that is gone'} (publisher {one.owner_id})"
    waiting, held, failed = (one.sizes.get(name, 0) for name in ("waiting", "held", "failed"))
    if state.state == "disabled":
        yield warning(
            f"{who} is told nothing, {counted(held + waiting, 'decision')} held for it: {state.why}; "
            f"`osmod publishers enable {one.owner_id}` has it told again."
        )
    elif state.state == "unusable":
        yield error(f"{who} cannot be told: {state.why}.")
    elif one.oldest is not None and (late := moment - one.oldest) > LATE:
        yield warning(
            f"{who} has not heard of {counted(waiting + held, 'decision')}, the oldest from {length(late)} ago: "
            f"`osmod publishers deliveries --publisher {one.owner_id}` and `osmod publishers show` say why."
        )
    elif not failed:
        yield ok(f"{who}: {counted(waiting, 'decision')} on the way")
    if failed:
        yield warning(
            f"{who} never heard of {counted(failed, 'decision')}, which {'was' if failed == 1 else 'were'} given up "
            f"after three days: `osmod publishers replay --publisher {one.owner_id}` tells them again."
        )
