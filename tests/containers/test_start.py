"""What an `.env` makes of the compose file, and a start that cannot succeed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.containers.conftest import PASSWORD
from tests.containers.docker import DockerError
from tests.containers.stack import Stack

NewStack = Callable[..., Stack]


def test_a_database_that_is_not_there(new_stack: NewStack) -> None:
    """`up` ends within a minute (and the build), and the log of `migrate` says why, one line a try."""
    stack = new_stack("COMPOSE_PROFILES=redis", "DATABASE_HOST=nowhere.invalid", "DATABASE_PASSWORD='secret'")
    stack.compose("build", "worker")
    began = time.monotonic()
    with pytest.raises(DockerError, match="migrate.* didn't complete successfully: exit 1"):
        stack.compose("up", "--detach")
    assert time.monotonic() - began < 60
    said = stack.log("migrate")
    assert 4 == len(said)
    assert 1 == len(set(said))
    assert said[0].startswith(
        "Error: the database does not answer at mysql+pymysql://os_moderator:***@nowhere.invalid:3306/"
    )
    assert "exited" == stack.container("migrate")["State"]["Status"]


@pytest.mark.parametrize(
    ("lines", "services"),
    [
        (["COMPOSE_PROFILES=mysql,redis"], {"worker", "scheduler", "migrate", "redis", "mysql"}),
        (["COMPOSE_PROFILES=redis,server"], {"worker", "scheduler", "migrate", "redis", "server"}),
        (["COMPOSE_PROFILES=redis"], {"worker", "scheduler", "migrate", "redis"}),
        (
            ["COMPOSE_PROFILES=", "REDIS_URL=rediss://queue.example:6379"],
            {"worker", "scheduler", "migrate"},
        ),
    ],
)
def test_what_is_left_out(new_stack: NewStack, lines: list[str], services: set[str]) -> None:
    """A database or a Redis of one's own takes the place of the one here."""
    stack = new_stack(*lines, "DATABASE_PASSWORD='secret'")
    assert services == set(stack.compose("config", "--services").split())


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        (f"'{PASSWORD}'", PASSWORD),
        ("a$HOME#1", "a#1"),
        ("secret #1", "secret"),
        ('"a\\tb"', "a\tb"),
    ],
)
def test_passwords(
    new_stack: NewStack, monkeypatch: pytest.MonkeyPatch, written: str, understood: str
) -> None:
    """In single quotes a password is what it says; in others, or in none, Compose makes something of it."""
    monkeypatch.setenv("HOME", "")
    stack = new_stack(f"DATABASE_PASSWORD={written}")
    services = json.loads(stack.compose("config", "--format", "json"))["services"]
    assert understood == services["migrate"]["environment"]["DATABASE_PASSWORD"].replace("$$", "$")


def test_settings_are_passed_on(new_stack: NewStack) -> None:
    """What `.env` says of the worker's behaviour is what worker and scheduler are told."""
    lines = ("WORKER_REMOVE_TASK_ON_COMPLETE=false", "WORKER_RUN_SCHEDULED_TASKS=false", "SCHEDULERS=0")
    stack = new_stack("DATABASE_PASSWORD='secret'", *lines)
    services = json.loads(stack.compose("config", "--format", "json"))["services"]
    for name in ("worker", "scheduler"):
        told = services[name]["environment"]
        assert "false" == told["WORKER_REMOVE_TASK_ON_COMPLETE"] == told["WORKER_RUN_SCHEDULED_TASKS"]
    assert 0 == services["scheduler"]["scale"]
