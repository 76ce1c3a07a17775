"""`python -m osmod.web.openapi` writes the OpenAPI document anew, beside this file: so that a change of it is seen."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import FastAPI

from osmod.web.app import create_app

PATH = Path(__file__).with_name("openapi.json")


def document(app: FastAPI) -> str:
    """The app's OpenAPI document, as it is kept."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(document(create_app()), encoding="utf-8")
