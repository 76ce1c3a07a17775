"""What docs/queueing-from-server-code.md uses of Flask, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


class Flask:
    """Keeps the functions of its routes in `view_functions`."""

    def __init__(self, import_name: str) -> None:
        self.view_functions: dict[str, Callable[..., Any]] = {}

    def post(self, rule: str) -> Callable[[T], T]:
        """Note a route."""

        def note(function: T) -> T:
            self.view_functions[function.__name__] = function
            return function

        return note


def jsonify(value: Any) -> dict[str, Any]:
    """An answer in JSON."""
    return dict(value)
