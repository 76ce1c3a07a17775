"""What a command printed as JSON."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result


def read(result: Result) -> Any:
    assert 0 == result.exit_code, result.output
    return json.loads(result.stdout)
