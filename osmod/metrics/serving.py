"""Figures shown by workers, without a server: a process of its own beside them, started by `osmod worker`."""

from __future__ import annotations

import signal
from importlib import import_module

from prometheus_client import start_http_server
from prometheus_client.registry import CollectorRegistry

from osmod.jobs.setup import ensure_broker
from osmod.metrics.figures import Figures
from osmod.metrics.store import store_of
from osmod.metrics.tally import Tally
from osmod.settings import get_settings
from osmod.task import get_engine


def serve() -> int:
    """Show the figures at `/metrics` until a signal ends this process."""
    settings = get_settings()
    broker = ensure_broker()
    import_module("actors")  # which queues there are
    registry = CollectorRegistry()
    registry.register(Figures(broker, store_of(broker), Tally(), get_engine))
    start_http_server(settings.metrics_port, settings.metrics_host, registry)
    while True:
        signal.pause()
