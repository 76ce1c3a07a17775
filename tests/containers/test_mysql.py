"""The domain on a real MySQL: what `make test` runs on MariaDB, with JSON columns that are MySQL's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from tests.containers.docker import Docker
from tests.containers.stack import MARK
from tests.waiting import until

ROOT = Path(__file__).parents[2]
TESTS = ("tests/moderation", "tests/golden")
PASSWORD = "secret"


@pytest.fixture
def server(docker: Docker) -> Iterator[str]:
    """The URL of a MySQL whose data lie in memory, with root's rights."""
    made = ("run", "--detach", "--rm", "--label", MARK, "--tmpfs", "/var/lib/mysql:mode=1777")
    reached = ("--publish", "127.0.0.1::3306", "--env", f"MYSQL_ROOT_PASSWORD={PASSWORD}")
    name = docker.run(*made, *reached, "mysql:8.4", "--skip-log-bin").strip()
    try:
        port = int(docker.run("port", name, "3306/tcp").rpartition(":")[2])
        until(lambda: answers(port), 60, "MySQL answers", every=0.5)
        yield f"mysql+pymysql://root:{PASSWORD}@127.0.0.1:{port}/"
    finally:
        docker.run("stop", name)


def answers(port: int) -> bool:
    """Whether the server lets us in."""
    try:
        pymysql.connect(host="127.0.0.1", port=port, user="root", password=PASSWORD).close()
    except pymysql.Error:
        return False
    return True


def test_domain(server: str) -> None:
    """Every test of the domain and every golden case passes there."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *TESTS,
            "--database",
            "mariadb",
            "-q",
            "-n",
            "2",
        ],
        cwd=ROOT,
        env=os.environ | {"TEST_DATABASE_SERVER": server, "CI": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout.splitlines()[-1])
    assert 0 == done.returncode, done.stdout[-4000:]
