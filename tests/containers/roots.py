"""Debian systems in a folder or a tar file, made by mmdebstrap: for the engine, and to make images of."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")


class RootNotMade(Exception):
    """A system could not be made; the message is mmdebstrap's last word."""


@dataclass(frozen=True)
class Root:
    """Which packages of which of Debian's suites."""

    name: str
    suite: str
    packages: tuple[str, ...]

    def make(self, folder: Path, *, tar: bool) -> Path:
        """Make it in `folder`, as a tar file or as a folder, unless it is there. Returns where.

        Raises:
          RootNotMade: the mirror, the suite or a package is not to be had.
        """
        target = folder / (f"{self.name}.tar" if tar else self.name)
        if target.exists():
            return target
        unfinished = target.with_name(f"unfinished-{target.name}")
        made = subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--format={'tar' if tar else 'directory'}",
                f"--include={','.join(self.packages)}",
                # A mirror may stand still; what it holds is signed all the same.
                '--aptopt=Acquire::Check-Valid-Until "false"',
                *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
                self.suite,
                str(unfinished),
                MIRROR,
            ],
            env=os.environ | {"TMPDIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            _remove(unfinished)
            said = [line for line in made.stderr.splitlines() if line.startswith("E: ")]
            raise RootNotMade(
                f"no {self.name} of Debian {self.suite}: {said[0] if said else made.stderr[-300:]}"
            )
        unfinished.rename(target)
        return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


ENGINE = Root(
    "engine",
    "trixie",
    ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "iptables", "iproute2", "ca-certificates"),
)
SERVICES = Root(
    "services",
    "trixie",
    ("python3", "python3-venv", "python3-pip", "ca-certificates", "redis-server", "redis-tools", "procps"),
)
MYSQL = Root("mysql", "sid", ("mysql-server-core", "mysql-client-core", "openssl", "perl", "procps"))
MARIADB = Root("mariadb", "trixie", ("mariadb-server-core", "mariadb-client-core", "procps"))


@dataclass(frozen=True)
class Roots:
    """Where they lie: the engine's is a folder, the others are tar files to be imported."""

    engine: Path
    services: Path
    database: Path


def make_all(folder: Path) -> Roots:
    """Make all that are not in `folder` yet, at the same time.

    Raises:
      RootNotMade: one of them cannot be had.
    """
    with ThreadPoolExecutor() as pool:
        engine = pool.submit(ENGINE.make, folder, tar=False)
        services = pool.submit(SERVICES.make, folder, tar=True)
        database = pool.submit(_database, folder)
        return Roots(engine.result(), services.result(), database.result())


def _database(folder: Path) -> Path:
    """MySQL, which is in Debian's unstable suite alone; MariaDB if that suite cannot be used today."""
    try:
        return MYSQL.make(folder, tar=True)
    except RootNotMade as problem:
        print(f"MariaDB in the place of MySQL: {problem}", flush=True)
        return MARIADB.make(folder, tar=True)
