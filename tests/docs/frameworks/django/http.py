"""A request, and an answer in JSON."""

from __future__ import annotations

import json
from typing import Any


class HttpRequest:
    """A request."""


class JsonResponse:
    """An answer."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.content = json.dumps(data).encode()
