"""The middleware of a broker that is given none."""

from __future__ import annotations

from dramatiq import Broker, Middleware, middleware

from osmod.jobs.middleware.control import JobControl
from osmod.jobs.middleware.ratelimit import RateLimits
from osmod.jobs.middleware.shutdown import ShutdownNotifications
from osmod.jobs.middleware.timelimit import TimeLimit

#: What takes the place of some of Dramatiq's own.
_OURS: dict[type[Middleware], type[Middleware]] = {
    middleware.TimeLimit: TimeLimit,
    middleware.ShutdownNotifications: ShutdownNotifications,
}


def default_middleware() -> list[Middleware]:
    """Dramatiq's default middleware, with what interrupts jobs as we do it, and rate limits."""
    return [*(_OURS.get(kind, kind)() for kind in middleware.default_middleware), RateLimits()]


def ensure_control(broker: Broker) -> None:
    """Add a `JobControl` to a broker that was made without."""
    if not any(isinstance(one, JobControl) for one in broker.middleware):
        broker.add_middleware(JobControl())
