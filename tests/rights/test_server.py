"""The user of `osmod serve`: it may do what the server does, and no more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import give_sign_of_life
from osmod.settings import get_settings
from tests.redis_servers import Server
from tests.rights.http import serve
from tests.rights.page import granted, make_user
from tests.rights.test_rights import ALWAYS, NAMED, given, scripts_run, url_of

__all__ = ["scripts_run"]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A database of its own, and figures that nobody needs a token for."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'osmod.db'}")
    monkeypatch.setenv("OSMOD_METRICS_OPEN", "true")
    get_settings.cache_clear()


def test_it_may_do_what_it_does_and_no_more(
    server: Server, scripts_run: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is refused, and there is no right that nothing in it asks for."""
    url = url_of(server, make_user(server.client, "server"))
    with closing(JobBroker(url=server.url)) as worker:
        give_sign_of_life(worker, threads=8, running=0, queues=["default"], since=0)
    server.client.execute_command("ACL", "LOG", "RESET")
    server.client.config_resetstat()
    assert "" == "\n".join(serve(url))
    needed = given(server.client) | {command.lower() for command in scripts_run}
    assert [] == [(row["object"], row["context"]) for row in server.client.acl_log()]
    assert "" == "\n".join(line for line in caplog.text.splitlines() if NAMED.search(line))
    assert needed - ALWAYS - {"config|resetstat", "acl|log"} == granted("server")
