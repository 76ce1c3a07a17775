"""The OpenAPI document that is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from osmod.web.openapi import PATH, document
from osmod.web.places import places_of

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


def test_examples_of_answers_fit_their_schemas() -> None:
    """On our own paths each JSON that is answered has a schema, and most an example of it."""
    kept = json.loads(PATH.read_text(encoding="utf-8"))
    examples = 0
    for path, operations in kept["paths"].items():
        if not places_of("/api").is_own(path):
            continue
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                said = answer.get("content", {}).get("application/json")
                if said is None:
                    continue
                where = f"{method} {path} {status}"
                assert said.get("schema"), where
                if "example" in said:
                    examples += 1
                    schema = {**said["schema"], "components": kept["components"]}
                    errors = Draft202012Validator(schema).iter_errors(said["example"])
                    # FastAPI leaves null out of examples.
                    assert [] == [one.message for one in errors if one.validator != "required"], where
    assert examples > 30


def test_what_osmods_routes_refuse_is_told() -> None:
    """In OSMod's forms, but for what anybody may ask."""
    kept = json.loads(PATH.read_text(encoding="utf-8"))
    told = 0
    for path, operations in kept["paths"].items():
        if places_of("/api").is_own(path) or "/auth/" in path:
            continue
        for method, operation in operations.items():
            told += 1
            for status in (400, 401, 403, 404, 409, 422, 429, 503):
                expected = {"$ref": f"#/components/responses/Osmod{status}"}
                assert expected == operation["responses"].get(str(status)), f"{method} {path} {status}"
    assert told > 15


def test_refusals_are_told_once() -> None:
    """Routes refer to them, so that the document can be read."""
    kept = json.loads(PATH.read_text(encoding="utf-8"))
    written = [
        f"{method} {path} {status}"
        for path, operations in kept["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        if status >= "400" and "$ref" not in answer and path != "/readyz"
    ]
    assert [] == written


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for item in value.values() for found in _references(item)]
