"""What pages are given: who looks and what the address says; for acts also what the form says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import QueryParams
from starlette.requests import Request

from osmod.access.callers import Caller
from osmod.access.roles import Permission, Role, may
from osmod.web.api.queue import who
from osmod.web.pages.frame.topics import Topic


@dataclass(frozen=True)
class View:
    """What a page or a fragment may depend on. Readers with equal ones are shown the same.

    Attributes:
      params: what the path says, by the names in the route's braces.
      query: what stands after its `?`.
      user_id: who looks; None where that makes no difference.
    """

    role: Role
    params: Mapping[str, str]
    query: QueryParams
    user_id: int | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the reader has a permission: what others cannot use they are not shown."""
        return may(self.role, permission)

    @property
    def key(self) -> tuple[object, ...]:
        """What it consists of."""
        return (self.role, tuple(sorted(self.params.items())), str(self.query), self.user_id)


@dataclass(frozen=True)
class Act:
    """A form that was sent by somebody who may."""

    caller: Caller
    params: Mapping[str, str]
    fields: Mapping[str, list[str]]

    @property
    def by(self) -> str:
        """Who did it, as the audit log has it."""
        return who(self.caller)

    def field(self, name: str, default: str = "") -> str:
        """The first value of a field, without blanks around it."""
        return next(iter(self.fields.get(name, ())), default).strip()

    def all(self, name: str) -> list[str]:
        """All values of a field, as several boxes of one name have."""
        return self.fields.get(name, [])


@dataclass(frozen=True)
class Done:
    """What became of an act.

    Attributes:
      sentence: what was done, for the reader.
      back: the page to go to; empty: the one that the form stands on.
      topics: what changed by it, so that all who look are shown it at once.
    """

    sentence: str
    back: str = ""
    topics: Iterable[Topic] = field(default=())


def path_params(request: Request) -> dict[str, str]:
    """What the path says, as texts."""
    return {name: str(value) for name, value in request.path_params.items()}
