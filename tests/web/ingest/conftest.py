"""A publisher that sends comments, on jobs that wait in a queue of the test's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dramatiq.brokers.stub import StubBroker
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from osmod.access.roles import Role
from tests.moderation.world import World
from tests.web.conftest import MakeToken
