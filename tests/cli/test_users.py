"""`osmod users`: accounts and tokens, made, listed and taken back."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import Engine

from osmod.access.callers import find_caller
from osmod.access.roles import Role
from osmod.access.secret import ensure_signing
from osmod.access.tokens import BadToken, read_token
from osmod.cli.checks import check_access
from osmod.cli.checks.finding import Level
from osmod.moderation.database import open_session
from osmod.moderation.models import ConfigurationItem
from osmod.settings import get_settings
from tests.cli.conftest import Run, bad
from tests.found import only


def role_of(engine: Engine, token: str) -> Role | None:
    """What a token allows; None if it does not count."""
    with open_session(engine) as session:
        try:
            return find_caller(session, read_token(token, ensure_signing(session))).role
        except BadToken:
            return None


def test_a_program_and_its_token(run: Run, settled: Engine) -> None:
    """Made, shown once, good until it is revoked by the beginning of its id."""
    assert "user 1 (service) is made; next: osmod users token 1\n" == (
        run("users", "create", "--group", "service", "--name", "Website").output
    )
    made = run("users", "token", "1", "--for", "the website", "--expires", "90d")
    token = made.stdout.strip()
    assert Role.SERVICE is role_of(settled, token)
    found = re.fullmatch(r"(\S{36}): Website \(user 1\) as service, until .*\n", made.stderr)
    assert found
    listed = run("users", "tokens")
    assert token not in listed.output
    assert re.search(
        rf"^{found[1][:8]} +1 +good +\S+ \S+ +\S+ \S+ +the website$", listed.output, re.MULTILINE
    )
    assert f"token {found[1]} of user 1 is revoked\n" == run("users", "revoke", found[1][:6]).output
    assert role_of(settled, token) is None
    assert "revoked" in run("users", "tokens", "1").output


def test_a_limited_token(run: Run, settled: Engine) -> None:
    """By the address of its user, for ever if it must be."""
    run("users", "create", "--group", "admin", "--name", "Ann", "--email", "ann@example.com")
    words = ("users", "token", "ann@example.com", "--role", "viewer", "--expires", "never", "--json")
    said = json.loads(run(*words).stdout)
    assert Role.VIEWER is role_of(settled, said["token"])
    assert ("viewer", None, "good") == (said["role"], said["expires"], said["state"])
    assert [{key: said[key] for key in said if key != "token"}] == json.loads(
        run("users", "tokens", "--json").stdout
    )["tokens"]


def test_disabled_and_enabled(run: Run, settled: Engine) -> None:
    """All of a user's tokens with it."""
    run("users", "create", "--group", "service", "--name", "Website")
    token = run("users", "token", "1").stdout.strip()
    assert "user 1 (Website) is not active any more\n" == run("users", "disable", "1").output
    assert role_of(settled, token) is None
    assert re.search(r"^ *1 +service +service +Website +no *$", run("users", "list").output, re.MULTILINE)
    assert "is not active: `osmod users enable 1` first" in run("users", "token", "1").output
    assert "user 1 (Website) is active\n" == run("users", "enable", "1").output
    assert Role.SERVICE is role_of(settled, token)
    assert [("Website", True)] == [
        (user["name"], user["active"]) for user in json.loads(run("users", "list", "--json").stdout)["users"]
    ]


def test_a_new_secret(run: Run, settled: Engine) -> None:
    """Ends every token, after a question."""
    run("users", "create", "--group", "service", "--name", "Website")
    token = run("users", "token", "1").stdout.strip()
    assert 1 == run("users", "secret", "rotate").exit_code
    assert Role.SERVICE is role_of(settled, token)
    assert 0 == run("users", "secret", "rotate", "--yes").exit_code
    assert role_of(settled, token) is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("token", "7"), 1, "Error: there is no user 7: `osmod users list` shows all.\n"),
        (("revoke", "3f2a"), 1, "Error: no token has the id '3f2a': `osmod users tokens` shows all.\n"),
        (("create", "--group", "admin", "--name", "A"), 1, "needs an address.\n"),
        (
            ("create", "--group", "moderator", "--name", "A"),
            2,
            "is not one of 'general', 'admin', 'service'.\n",
        ),
        (("token", "7", "--expires", "soon"), 2, "soon"),
    ],
)
def test_refused(run: Run, settled: Engine, words: tuple[str, ...], code: int, said: str) -> None:
    """With a sentence."""
    result = run("users", *words)
    assert code == result.exit_code
    assert said in result.output


def test_check_tells_of_what_has_no_end(run: Run, settled: Engine) -> None:
    """A token that never expires, by name, with the remedy; one that was revoked does not count."""
    run("users", "create", "--group", "service", "--name", "Website")
    run("users", "token", "1")
    assert [Level.OK] == [finding.level for finding in check_access(get_settings())]
    endless = json.loads(run("users", "token", "1", "--expires", "never", "--for", "site", "--json").stdout)[
        "id"
    ]
    warned = only(bad([*check_access(get_settings())]))
    assert (Level.WARNING, f"token {endless[:8]} of user 1 (site) never expires: ") == (
        warned.level,
        warned.message.partition("make")[0],
    )
    run("users", "revoke", endless)
    assert [] == bad([*check_access(get_settings())])


@pytest.mark.parametrize(
    ("data", "level", "said"),
    [
        ({"secret": "short", "issuer": "OSMod"}, Level.WARNING, "has fewer than 32 bytes"),
        ({}, Level.ERROR, "holds no secret"),
    ],
)
def test_check_tells_of_the_secret(settled: Engine, data: dict[str, str], level: Level, said: str) -> None:
    """One that can be guessed, or is not there; a check makes none."""
    assert [] == bad([*check_access(get_settings())])
    with open_session(settled) as session:
        assert session.get(ConfigurationItem, "token") is None
        session.add(ConfigurationItem(id="token", data=data))
        session.commit()
    found = only(bad([*check_access(get_settings())]))
    assert level is found.level
    assert said in found.message
