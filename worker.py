"""The entry point: settings, then broker, then actors. `dramatiq worker`, `periodiq worker`."""

from osmod.jobs.preflight import end_unless_usable
from osmod.jobs.setup import ensure_broker
from osmod.loading import nobody_collects
from osmod.settings import get_settings

# `ensure_broker` does so too, where it can tell a worker by its log: not with `--skip-logging`.
end_unless_usable()
broker = ensure_broker()

with nobody_collects():
    import actors  # noqa: F401

if get_settings().metrics or get_settings().metrics_port:
    from osmod.metrics.counting import count_runs  # late: it needs the extra `server`

    count_runs(broker)

if get_settings().kue:
    from osmod.kue.in_worker import take_over  # late: most workers have nothing to do with Kue

    take_over(broker, get_settings().kue_url, get_settings().kue_prefix)
