"""`osmod users`: who may call over HTTP, and the tokens that let them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, get_args

import click
from sqlalchemy.orm import Session

from osmod.access import accounts, issued, links
from osmod.access.roles import ROLE_OF_GROUP, Role
from osmod.access.secret import ensure_signing, rotate_secret
from osmod.cli.checks.database import open_database
from osmod.cli.durations import Duration
from osmod.cli.queue_access import print_json
from osmod.cli.tables import SHORT_ID, console, exact, table
from osmod.moderation.models import AccessToken, Group, User
from osmod.settings import get_settings

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_ROLES = [role.value for role in Role if role not in (Role.SCORER, Role.NOBODY)]


class Lifetime(Duration):
    """A length of time, or `never`, which is None."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The length. Fails the command, exit code 2, on a text that is none."""
        return None if value == "never" else super().convert(value, param, ctx)


@click.group()
def users() -> None:
    """Show users, make them and their tokens, revoke them.

    Users are OSMod's own (table `users`). What a token allows is its role: that of its user's group (general:
    moderator, admin: admin, service: service, moderator: scorer), or the one that it is limited to.

    \b
    viewer     sees jobs, queues, schedules, workers
    operator   and steers them
    moderator  acts on comments
    service    acts on comments, sends them in, runs tasks, answers as an assistant
    admin      may do all of it, and manage users and tokens

    \b
    Examples:
      osmod users create --group service --name Website
      osmod users token 12 --for 'comments of the website' --expires 90d
      osmod users token 12 --role viewer --for dashboard
      osmod users link ann@example.com       opens the pages in a browser, once
      osmod users tokens
      osmod users revoke 3f2a
    """


@users.command("list")
@_json
def list_(as_json: bool) -> None:
    """Who there is, and what each may do."""
    with _session() as session:
        found = accounts.list_users(session)
    if as_json:
        print_json({"users": [_plain_user(user) for user in found]})
        return
    made = table(">id", "group", "role", "name", "address", "active")
    for user in found:
        active = "yes" if user.is_active else "no"
        made.add_row(str(user.id), user.group, ROLE_OF_GROUP[user.group], user.name, user.email or "", active)
    console().print(made)


@users.command()
@click.option("--group", type=click.Choice(accounts.MADE), required=True, help="OSMod's group of the user.")
@click.option("--name", required=True, help="What the user is called.")
@click.option("--email", help="The address of a person (general, admin); programs have none.")
@_json
def create(group: str, name: str, email: str | None, as_json: bool) -> None:
    """Make an active user. A person can also log in at OSMod; a program needs a token."""
    known: Group = next(one for one in get_args(Group) if one == group)
    with _session() as session:
        user = accounts.create_user(session, group=known, name=name, email=email)
    if as_json:
        print_json(_plain_user(user))
    else:
        click.echo(f"user {user.id} ({user.group}) is made; next: osmod users token {user.id}")


@users.command()
@click.argument("who", metavar="ID | ADDRESS")
@click.option("--role", type=click.Choice(_ROLES), help="Limit it to this role.")
@click.option(
    "--expires",
    "lifetime",
    type=Lifetime(),
    default=f"{issued.LIFETIME.days}d",
    show_default=True,
    help="For how long it counts; never: until it is revoked.",
)
@click.option("--for", "purpose", default="", help="What it is for, as the list shows it.")
@_json
def token(who: str, role: str | None, lifetime: timedelta | None, purpose: str, as_json: bool) -> None:
    """Make a token and print it. It is shown this once and kept nowhere.

    It goes into the header `Authorization: JWT TOKEN`. Without --role it is good at OSMod's own server, too, which
    does not know when it is revoked here.
    """
    with _session() as session:
        user = accounts.get_user(session, _who(who))
        row, made = issued.issue_token(
            session,
            ensure_signing(session),
            user,
            purpose=purpose,
            role=Role(role) if role else None,
            lifetime=lifetime,
        )
    if as_json:
        print_json({"token": made, **_plain_token(row)})
        return
    click.echo(made)
    until = f"until {exact(row.expires_at)}" if row.expires_at else "until it is revoked"
    allowed = role or ROLE_OF_GROUP[user.group]
    click.echo(f"{row.id}: {user.name} (user {user.id}) as {allowed}, {until}", err=True)


@users.command()
@click.argument("who", metavar="ID | ADDRESS")
@click.option("--role", type=click.Choice(_ROLES), help="Limit the session to this role.")
@click.option(
    "--address",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where the browser finds the server.",
)
def link(who: str, role: str | None, address: str) -> None:
    """Print a link by which a user signs in to the pages, once and within ten minutes.

    The session that it begins lasts 12 hours, and is listed and revoked as tokens are.
    """
    with _session() as session:
        user = accounts.get_user(session, _who(who))
        code = links.make_code(session, user, Role(role) if role else None)
    click.echo(links.address_of(address, code))
    allowed = role or ROLE_OF_GROUP[user.group]
    click.echo(f"{user.name} (user {user.id}) as {allowed}, once, within 10 minutes", err=True)


@users.command()
@click.argument("who", metavar="[ID | ADDRESS]", required=False)
@_json
def tokens(who: str | None, as_json: bool) -> None:
    """The tokens that were made here, the newest first; those of OSMod's own server are not listed anywhere."""
    with _session() as session:
        user_id = accounts.get_user(session, _who(who)).id if who else None
        found = issued.list_tokens(session, user_id)
    if as_json:
        print_json({"tokens": [_plain_token(row) for row in found]})
        return
    made = table("id", ">user", "role", "state", "made", "expires", "for")
    for row in found:
        expires = exact(row.expires_at)[:16] or "never"
        made.add_row(
            row.id[:SHORT_ID],
            str(row.user_id),
            row.role or "",
            _state(row),
            exact(row.created_at)[:16],
            expires,
            row.purpose,
        )
    console().print(made)


@users.command()
@click.argument("token", metavar="TOKEN-ID")
def revoke(token: str) -> None:
    """Let a token in no more, from now on. The beginning of its id is enough."""
    with _session() as session:
        row = issued.revoke_token(session, token)
    click.echo(f"token {row.id} of user {row.user_id} is revoked")


@users.command()
@click.argument("who", metavar="ID | ADDRESS")
def disable(who: str) -> None:
    """Let a user in no more, with none of its tokens; at OSMod's own server neither."""
    with _session() as session:
        user = accounts.set_active(session, _who(who), False)
    click.echo(f"user {user.id} ({user.name}) is not active any more")


@users.command()
@click.argument("who", metavar="ID | ADDRESS")
def enable(who: str) -> None:
    """Let a user in again, with the tokens that still count."""
    with _session() as session:
        user = accounts.set_active(session, _who(who), True)
    click.echo(f"user {user.id} ({user.name}) is active")


@users.group()
def secret() -> None:
    """The secret with which all tokens are signed, OSMod's own too."""


@secret.command()
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def rotate(yes: bool) -> None:
    """Put a new secret in the place of the old one: every token that was ever made is refused from then on.

    Our servers notice within seconds; OSMod's own reads the secret when it starts.
    """
    if not yes:
        click.confirm(
            "Every token is refused from then on, those of people who are logged in too. Go on?", abort=True
        )
    with _session() as session:
        rotate_secret(session)
    click.echo("the secret is new: start OSMod's own server again, and make new tokens")


def _who(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


@contextmanager
def _session() -> Iterator[Session]:
    """A session on the database of the settings, committed at the end."""
    with open_database(get_settings()) as session:
        yield session
        session.commit()


def _state(row: AccessToken) -> str:
    if issued.is_good(row):
        return "good"
    return "revoked" if row.revoked_at else "over"


def _plain_user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "group": user.group,
        "role": ROLE_OF_GROUP[user.group],
        "name": user.name,
        "email": user.email,
        "active": user.is_active,
    }


def _plain_token(row: AccessToken) -> dict[str, Any]:
    moments = {name: getattr(row, f"{name}_at") for name in ("created", "expires", "revoked")}
    return {
        "id": row.id,
        "user": row.user_id,
        "role": row.role,
        "state": _state(row),
        "for": row.purpose,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
    }
