"""Who may call over HTTP: the secret of tokens, and tokens that never end."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from sqlalchemy.orm import Session

from osmod.access.errors import SecretUnusable
from osmod.cli.checks.database import open_database
from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.queue_access import counted
from osmod.settings import Settings


def check_access(settings: Settings) -> Iterator[Finding]:
    """Whether the secret can be guessed, and which tokens of ours have no end. Nothing where there is no server."""
    if find_spec("jwt") is None:
        return
    with open_database(settings) as session:
        yield from _look(session)


def _look(session: Session) -> Iterator[Finding]:
    from osmod.access.issued import is_good, list_tokens  # late: they need the extra `server`
    from osmod.access.secret import read_signing
    from osmod.access.tokens import SHORTEST_SECRET

    try:
        signing = read_signing(session)
    except SecretUnusable as problem:
        yield error(str(problem))
        return
    if signing is not None and len(signing.secret.encode()) < SHORTEST_SECRET:
        yield warning(
            f"the secret of all tokens has fewer than {SHORTEST_SECRET} bytes and can be guessed from a token: "
            "`osmod users secret rotate` makes a better one, after which every token has to be made anew."
        )
    good = [token for token in list_tokens(session) if is_good(token)]
    endless = [token for token in good if token.expires_at is None]
    for token in endless:
        yield warning(
            f"token {token.id[:8]} of user {token.user_id}{f' ({token.purpose})' if token.purpose else ''} never "
            f"expires: make another with `osmod users token {token.user_id}`, then `osmod users revoke {token.id[:8]}`."
        )
    if not endless:
        yield ok(
            f"{counted(len(good), 'token')} of ours count{'s' if len(good) == 1 else ''}, none of them for ever"
        )
