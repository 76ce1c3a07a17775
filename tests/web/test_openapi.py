"""The OpenAPI document that is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI

from osmod.web.openapi import PATH, document

pytestmark = pytest.mark.only_on("sqlite")


def test_it_is_that_of_the_app(app: FastAPI) -> None:
    """After a change of routes: `python -m osmod.web.openapi`."""
    assert document(app) == PATH.read_text(encoding="utf-8")


def test_every_reference_leads_somewhere() -> None:
    """None points out of the document."""
    kept = json.loads(PATH.read_text(encoding="utf-8"))
    for reference in _references(kept):
        found = kept
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for item in value.values() for found in _references(item)]
