"""Asking as tests do: what was answered, or why nothing was."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.loop import run
from osmod.outgoing.client import Answer, post
from osmod.outgoing.no_answer import NoAnswer


def ask(url: str, **options: Any) -> Answer:
    """The answer; own hosts may be asked unless told otherwise."""
    return run(post(url, content=b"{}", **{"private": True, **options}))


def refused(url: str, **options: Any) -> tuple[str, str]:
    """Kind and sentence of why there is none."""
    with pytest.raises(NoAnswer) as error:
        ask(url, **options)
    return error.value.kind, str(error.value)
