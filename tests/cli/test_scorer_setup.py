"""Scorers are made, changed, enabled and disabled by commands; keys are never arguments, and shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dramatiq import broker as global_broker
from sqlalchemy import Engine

from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.audit import audit_log
from osmod.moderation.models import User
from tests.moderation.world import World

pytestmark = [pytest.mark.only_on("valkey")]
KEY = "sk-1234567890abcdef"
OPENAI = {"endpointType": "openai-moderation"}
Command = Callable[..., Result]


@pytest.fixture
def world(settled: Engine) -> World:
    """Nobody who scores."""
    return World(settled)


@pytest.fixture
def osmod(world: World, broker: JobBroker) -> Command:
    """Runs `osmod scorers …`, with what is typed into it."""
    return lambda *words, typed="": CliRunner().invoke(main, ["scorers", *map(str, words)], input=typed)


def acts(broker: JobBroker) -> list[tuple[str, str, str]]:
    """Of the audit log, the oldest first."""
    return [(one.act, one.what, one.reason) for one in reversed(audit_log(broker, limit=9))]


def test_from_nothing_to_a_scorer_that_is_on(
    osmod: Command, world: World, broker: JobBroker, tmp_path: Path
) -> None:
    """It is made off, with the key that was typed; each act is in the audit log, and the key in none of it."""
    file = tmp_path / "openai.json"
    file.write_text(json.dumps(OPENAI))
    made = osmod("add", " OpenAI ", "--extra", file, "--key", "--reason", "a trial", typed=f"{KEY}\n")
    (user,) = world.all(User)
    assert (
        f"scorer {user.id} (OpenAI) is made, and off; "
        f"next: osmod scorers test 'You are an idiot' --scorer {user.id}\n"
    ) == made.output
    assert ("moderator", "OpenAI", False, OPENAI | {"apiKey": KEY}) == (
        user.group,
        user.name,
        user.is_active,
        user.extra,
    )
    assert f"scorer {user.id} is on\n" == osmod("enable", user.id).output
    assert f"scorer {user.id} is off\n" == osmod("disable", user.id).output
    who = f"scorer={user.id}"
    assert [
        ("add scorer", who, "a trial"),
        ("enable scorer", who, ""),
        ("disable scorer", who, ""),
    ] == acts(broker)
    assert KEY not in made.output + repr(acts(broker))


def test_another_key(osmod: Command, world: World, broker: JobBroker) -> None:
    """The rest of its config stays; the key's beginning and end may be blank."""
    scorer = world.user(
        group="moderator", name="OpenAI", is_active=True, extra=json.dumps(OPENAI | {"apiKey": "old"})
    )
    said = osmod("configure", scorer, "--key", typed=f"  {KEY} \n").output
    assert said.startswith(f"scorer {scorer} is asked so from now on; next:")
    assert OPENAI | {"apiKey": KEY} == world.get(User, scorer).extra
    assert [("configure scorer", f"scorer={scorer}", "")] == acts(broker)


def test_another_config(osmod: Command, world: World) -> None:
    """All of it is replaced, also one that could not be read."""
    scorer = world.user(group="moderator", name="Broken", extra="{")
    said = osmod("configure", scorer, "--extra", "-", typed=json.dumps(OPENAI)).output
    assert "from now on, once it is enabled; next:" in said
    assert OPENAI == world.get(User, scorer).extra


REFUSED: dict[str, tuple[str, str]] = {
    "no JSON": ('{"a": ', "--extra: <stdin> holds no JSON (Expecting value: line 1 column 7 (char 6))."),
    "no object": ("[]", "--extra: <stdin> must hold a JSON object"),
    "NaN": ('{"endpointType": "openai-moderation", "deadline": NaN}', "NaN is no number of JSON"),
    "empty": ("{}", "users.extra is empty"),
    "a type": (
        '{"endpointType": "opneai"}',
        "endpointType 'opneai' is not known; set it in users.extra to one of",
    ),
    "an endpoint": (
        '{"endpointType": "assistant", "endpoint": "example"}',
        "endpoint in users.extra must be the http(s) URL that comments are posted to, is 'example'",
    ),
    "a deadline": (
        '{"endpointType": "openai-moderation", "deadline": 0}',
        "deadline in users.extra must be seconds, above 0",
    ),
    "a key that is none": (
        '{"endpointType": "openai-moderation", "apiKey": ["s3cret"]}',
        "must be a text, is a list",
    ),
}


@pytest.mark.parametrize("command", ["add", "configure"])
@pytest.mark.parametrize(("extra", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused(
    osmod: Command, world: World, broker: JobBroker, command: str, extra: str, said: str
) -> None:
    """With field, value and remedy; nothing is changed, and nothing written down."""
    before: dict[int, Any] = {}
    name: str | int = "OpenAI"
    if command == "configure":
        name = world.user(group="moderator", name="OpenAI", extra=OPENAI)
        before = {name: OPENAI}
    result = osmod(command, name, "--extra", "-", typed=extra)
    assert (1, True) == (result.exit_code, said in result.output)
    assert before == {one.id: one.extra for one in world.all(User)}
    assert [] == acts(broker)
    assert "s3cret" not in result.output


def test_one_that_cannot_be_asked_is_not_enabled(osmod: Command, world: World, broker: JobBroker) -> None:
    """Comments would wait for it."""
    scorer = world.user(group="moderator", extra={"endpointType": "assistant"})
    result = osmod("enable", scorer)
    assert (1, True) == (result.exit_code, "endpoint in users.extra must be" in result.output)
    assert not world.get(User, scorer).is_active
    assert [] == acts(broker)


def test_added_twice(osmod: Command, world: World) -> None:
    """An `add` whose answer was lost is found, not done again."""
    osmod("add", "OpenAI", "--extra", "-", typed=json.dumps(OPENAI))
    again = osmod("add", "openai", "--extra", "-", typed=json.dumps(OPENAI))
    (user,) = world.all(User)
    assert (1, True) == (again.exit_code, f"scorer {user.id} has the name 'openai'" in again.output)


def test_names(osmod: Command, world: World) -> None:
    """What the column cannot hold, or would steer a terminal, is refused."""
    for name in ("", "  ", "x" * 256, "\N{PILE OF POO}", "a\nb"):
        assert 1 == osmod("add", name, "--extra", "-", typed=json.dumps(OPENAI)).exit_code
    assert [] == world.all(User)


def test_where_keys_come_from(osmod: Command, world: World) -> None:
    """Of standard input, which holds one of both."""
    empty = osmod("configure", 1, "--key", typed="\n")
    both = osmod("add", "OpenAI", "--extra", "-", "--key", typed=json.dumps(OPENAI))
    neither = osmod("configure", 1)
    assert [2, 2, 2] == [one.exit_code for one in (empty, both, neither)]
    assert "no key came on standard input" in empty.output
    assert "put apiKey there, in place of --key" in both.output
    assert "say what is to change: --extra, --key or both" in neither.output
    assert [] == world.all(User)


def test_who_is_no_scorer(osmod: Command, world: World) -> None:
    """People are switched by `osmod users`; whoever is on already stays so, and that is said."""
    person = world.user(group="general", is_active=True)
    for command in ("enable", "disable"):
        result = osmod(command, person)
        assert (3, True) == (result.exit_code, f"there is no scorer {person}" in result.output)
    scorer = world.user(group="moderator", extra=OPENAI, is_active=True)
    again = osmod("enable", scorer)
    assert (3, f"scorer {scorer} is on already.\n") == (again.exit_code, again.output)
    assert world.get(User, person).is_active


def test_the_audit_log_is_away(osmod: Command, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is changed that could not be written down; it can be tried again then."""
    away = JobBroker(url="redis://127.0.0.1:9")
    monkeypatch.setattr(global_broker, "global_broker", away)
    result = osmod("add", "OpenAI", "--extra", "-", typed=json.dumps(OPENAI))
    away.close()
    assert (1, True) == (result.exit_code, "Redis does not answer" in result.output)
    assert [] == world.all(User)
