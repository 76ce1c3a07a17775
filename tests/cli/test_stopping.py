"""Signals to commands that clean up behind them."""

from __future__ import annotations

import signal

import pytest

from osmod.cli import stopping
from osmod.cli.stopping import stopping_in_order
from osmod.jobs.worker.signals import SAME


def test_a_second_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once it is the same request, and cuts no cleaning up short; later it ends that, as a second Ctrl-C."""
    now = 100.0
    monkeypatch.setattr(stopping, "monotonic", lambda: now)
    with stopping_in_order():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        now += SAME
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.SIG_DFL == signal.getsignal(signal.SIGTERM)
