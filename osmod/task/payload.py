"""A job's arguments, checked against its function: OSMod's camelCase and Python's snake_case are one."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)
from pydantic.alias_generators import to_camel

from osmod.moderation.errors import BadPayload
from osmod.moderation.score_data import UNSIGNED_MAX
from osmod.moderation.utf8mb3 import checked as storable

P = ParamSpec("P")
T = TypeVar("T")

#: The id of a row.
Id = Annotated[int, Field(ge=1, le=UNSIGNED_MAX, strict=True)]


def _of_an_address(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value) else value


#: The id of a row as OSMod's server queues it where it took it from an address: a text of digits (`editComment`).
IdOfAnAddress = Annotated[Id, BeforeValidator(_of_an_address)]
#: A user, or none; OSMod takes 0 for none, too.
UserId = Annotated[int, Field(ge=0, le=UNSIGNED_MAX, strict=True)] | None
#: true or false, nothing that looks like it.
Flag = Annotated[bool, Field(strict=True)]
#: An id of the publisher's.
Name = Annotated[str, Field(min_length=1, max_length=255, strict=True), AfterValidator(storable)]


def _is_json(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise ValueError("this is no JSON, which has no NaN, no infinities and no endless nesting") from None
    return value


#: Any JSON value; NaN and the infinities are none.
AnyJson = Annotated[Any, AfterValidator(_is_json)]


class Payload:
    """What a task's function takes after its first `skip` parameters, read from its signature.

    Errors do not quote arguments named in `sensitive`, nor, where there are any, fields that are unknown: one of
    those may be meant.
    """

    def __init__(
        self, wire_name: str, function: Callable[..., Any], *, skip: int, sensitive: Iterable[str] = ()
    ) -> None:
        self._wire_name = wire_name
        self._private = {spelling for name in sensitive for spelling in (name, to_camel(name))}
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())[skip:]
        self._names = [parameter.name for parameter in parameters]
        self._signature = inspect.Signature(parameters)
        fields: dict[str, Any] = {
            parameter.name: (
                parameter.annotation,
                ... if parameter.default is parameter.empty else parameter.default,
            )
            for parameter in parameters
        }
        self._model: type[BaseModel] = create_model(wire_name, __config__=_CONFIG, **fields)

    @property
    def names(self) -> set[str]:
        """The names by which arguments are taken: the function's own, and OSMod's."""
        return {*self._names, *map(to_camel, self._names)}

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by the function's own names.

        Raises:
          BadPayload: they do not fit the function; the message names every field at fault.
        """
        if len(args) > len(self._names):
            raise BadPayload(f"{self._wire_name}: {len(args)} arguments, but it takes {len(self._names)}")
        given = dict(zip(self._names, args, strict=False)) | kwargs
        try:
            model = self._model.model_validate(given)
        except ValidationError as error:
            raise BadPayload(f"{self._wire_name}: {self._explain(error)}") from None
        return {name: getattr(model, name) for name in self._names}

    def by_own_names(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The same arguments, those by OSMod's names by the function's own: jobs are found by these."""
        own = {to_camel(name): name for name in self._names}
        return {own.get(name, name): value for name, value in arguments.items()}

    def describe(self, function: Callable[..., Any]) -> None:
        """Have a function that takes the payload say so: its signature, and `payload` to check one beforehand."""
        described: Any = function
        described.__signature__ = self._signature
        described.payload = self

    def found_by(self) -> dict[str, Any]:
        """The actor option by which jobs about a comment are found at once."""
        return {"index": ("comment_id",)} if "comment_id" in self._names else {}

    def _explain(self, error: ValidationError) -> str:
        return "; ".join(self._sentence(dict(problem)) for problem in error.errors(include_url=False))

    def _sentence(self, problem: dict[str, Any]) -> str:
        field = ".".join(str(part) for part in problem["loc"])
        known = ", ".join(map(to_camel, self._names))
        is_unknown = problem["type"] == "extra_forbidden"
        hidden = self._private and (is_unknown or problem["loc"][0] in self._private)
        value = "•••" if hidden else _shown(problem["input"])
        if problem["type"] == "missing":
            return f"{field} is missing"
        if is_unknown:
            return f"{field} is unknown (it is {value}); the fields are {known}"
        return f"{field}: {problem['msg'].removeprefix('Value error, ')} (it is {value})"


def checked(wire_name: str, *, sensitive: Iterable[str] = ()) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Check a plain function's arguments before it runs, as `task` does for its own.

    `sensitive` are the names in the actor's option of that name, not quoted in errors.
    """

    def make(function: Callable[P, T]) -> Callable[P, T]:
        payload = Payload(wire_name, function, skip=0, sensitive=sensitive)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            return function(**payload.read(args, kwargs))  # type: ignore[call-arg]

        @wraps(function)
        async def run_coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
            return await function(**payload.read(args, kwargs))  # type: ignore[call-arg, misc]

        checking: Any = run_coroutine if inspect.iscoroutinefunction(function) else run
        payload.describe(checking)
        return checking  # type: ignore[no-any-return]

    return make


_CONFIG = ConfigDict(
    extra="forbid",
    alias_generator=to_camel,
    validate_by_name=True,
    validate_by_alias=True,
    arbitrary_types_allowed=True,
)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
