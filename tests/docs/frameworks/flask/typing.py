"""What a route may return."""

from typing import Any

ResponseReturnValue = dict[str, Any]
