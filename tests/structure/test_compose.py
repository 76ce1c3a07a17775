"""`compose/`: valid, and set up so that nothing that was queued is lost."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "compose"
ROOT = FOLDER.parent
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "compose-spec.json").read_text())


def test_follows_the_specification() -> None:
    """The file is valid by the Compose Specification's own schema."""
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    assert [] == [error.message for error in validator.iter_errors(COMPOSE)]


def test_the_schema_finds_mistakes() -> None:
    """An unknown key, as after a misspelling, would be found."""
    with pytest.raises(jsonschema.ValidationError, match="'restrat' was unexpected"):
        jsonschema.validate({"services": {"worker": {"image": "x", "restrat": "always"}}}, SCHEMA)


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_stays_up(name: str) -> None:
    """Each service is started again when it ends, and says whether it is well."""
    assert "unless-stopped" == SERVICES[name]["restart"]
    assert {"test", "interval", "timeout", "retries"} <= SERVICES[name]["healthcheck"].keys()


def test_redis_keeps_what_is_queued() -> None:
    """An append-only file on a volume, and no eviction."""
    redis = SERVICES["redis"]
    kept = ["redis-server", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
    assert kept == redis["command"][: len(kept)]
    assert ["redis:/data"] == redis["volumes"]


def test_what_runs() -> None:
    """The worker and the scheduler run by their own commands, once the tables are there."""
    assert ["osmod", "worker"] == SERVICES["worker"]["command"][:2]
    assert ["periodiq", "worker"] == SERVICES["scheduler"]["command"]
    assert ["osmod", "db", "upgrade"] == SERVICES["migrate"]["command"]
    for name in ("worker", "scheduler"):
        assert {"condition": "service_completed_successfully"} == SERVICES[name]["depends_on"]["migrate"]


def test_a_start_that_cannot_succeed_ends() -> None:
    """What makes the tables is tried a few times: `up` waits for its end."""
    assert re.fullmatch(r"on-failure:\d", SERVICES["migrate"]["restart"])


def test_health_is_a_sign_of_life() -> None:
    """Each is asked for one of its own, and has the time to give it."""
    for name in ("worker", "scheduler"):
        assert ["CMD", "osmod", "check", "--alive", name] == SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["redis", "mysql"])
def test_what_may_be_left_out(name: str) -> None:
    """What is not named in COMPOSE_PROFILES is not started, and nothing waits for it."""
    assert [name] == SERVICES[name]["profiles"]
    waiting = [one["depends_on"][name] for one in SERVICES.values() if name in one.get("depends_on", {})]
    assert waiting
    assert all(one["required"] is False for one in waiting)


def test_the_server_is_asked_for() -> None:
    """It runs where it is named, reached from this machine only, and says whether it is well."""
    server = SERVICES["server"]
    assert ["server"] == server["profiles"]
    assert ["osmod", "serve", "--host=0.0.0.0"] == server["command"][:3]
    assert [True] == [port.startswith("127.0.0.1:") for port in server["ports"]]
    assert "/healthz" in server["healthcheck"]["test"][-1]


def test_logs_do_not_fill_the_disk() -> None:
    """Each service's log is kept up to a size."""
    for service in SERVICES.values():
        assert {"max-size", "max-file"} == service["logging"]["options"].keys()


def test_time_to_drain() -> None:
    """Docker waits longer than a worker takes to finish what it has begun."""
    (drain,) = re.findall(r"--worker-shutdown-timeout=(\d+)", " ".join(SERVICES["worker"]["command"]))
    grace = SERVICES["worker"]["stop_grace_period"]
    assert int(drain) / 1000 + 10 < int(grace.removesuffix("s"))


def test_example_of_the_environment() -> None:
    """`.env.example` names every variable that the file reads, and nothing else but the profile."""
    read = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    named = set(re.findall(r"^#?([A-Z_]+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE))
    assert read | {"COMPOSE_PROFILES"} == named


def copied() -> list[str]:
    """What the image's COPY lines take from the repository."""
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    return [name for line in lines if re.match(r"COPY [^-]", line) for name in line.split()[1:-1]]


def test_image() -> None:
    """The image runs as nobody in particular, and copies only what is there."""
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert [] == [name for name in copied() if not (ROOT / name).exists()]
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert [] == [name for name in copied() if f"!{name}" not in ignored]


def test_licences_are_in_the_image() -> None:
    """Every licence file that the package names is there when the image builds it, or it would leave that out."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license-files"]
    assert [] == [name for name in named if name not in copied()]
