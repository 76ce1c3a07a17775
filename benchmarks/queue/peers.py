"""The peers, and where each is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).parent / "apps"
#: Each peer has an environment of its own here: their requirements do not agree.
ENVIRONMENTS = ROOT / ".osmod" / "bench"


class NotInstalled(Exception):
    """A peer cannot be run here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """One queue to measure.

    Attributes:
      packages: what to install; nothing for what this project's own environment has.
      send: the command that sends, but for its last arguments.
      work: the command of one worker.
      workers: how many of it make two worker processes.
    """

    name: str
    packages: tuple[str, ...]
    send: tuple[str, ...]
    work: tuple[str, ...]
    workers: int = 2
    environment: str = field(default="")

    def programs(self) -> Path:
        """The folder of its interpreter and commands.

        Raises:
          NotInstalled: it has none here.
        """
        if not self.packages:
            return Path(sys.executable).parent
        folder = ENVIRONMENTS / (self.environment or self.name)
        found = folder / ("node_modules" if self.environment == "node" else "bin")
        if not found.exists():
            raise NotInstalled(f"{self.name} is not installed; --install does that")
        return Path(shutil.which("node") or "node").parent if self.environment == "node" else found

    def install(self) -> None:
        """Install it, with uv or npm.

        Raises:
          NotInstalled: there is no uv, no Node, or no way to the package index.
        """
        if not self.packages:
            return
        folder = ENVIRONMENTS / (self.environment or self.name)
        folder.mkdir(parents=True, exist_ok=True)
        if self.environment == "node":
            commands = [
                ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *self.packages]
            ]
        else:
            uv, python = [sys.executable, "-m", "uv"], str(folder / "bin" / "python")
            commands = [
                [*uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
                [*uv, "pip", "install", "--quiet", "--python", python, *self.packages],
            ]
        for command in commands:
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                said = getattr(error, "stderr", "") or str(error)
                raise NotInstalled(f"{self.name} does not install: {said.strip().splitlines()[-1]}") from None


def _python(name: str, packages: tuple[str, ...], *work: str, workers: int = 2) -> Peer:
    return Peer(name, packages, ("python", f"app_{name}.py"), work, workers)


def _node(name: str, *packages: str) -> Peer:
    script = f"app_{name}.js"
    return Peer(name, packages, ("node", script), ("node", script, "work"), 2, "node")


_CELERY = ("worker", "-c", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle", "-O", "fair")

PEERS = {
    peer.name: peer
    for peer in (
        _python("ours", (), "dramatiq", "app_ours", "-p", "2", "-t", "8", workers=1),
        _python("stock", (), "dramatiq", "app_stock", "-p", "2", "-t", "8", workers=1),
        _node("bee", "bee-queue"),
        _node("bullmq", "bullmq", "ioredis"),
        _node("kue", "kue"),
        _python(
            "huey", ("huey", "redis"), "huey_consumer", "app_huey.huey", "-w", "2", "-k", "process", workers=1
        ),
        _python(
            "taskiq",
            ("taskiq", "taskiq-redis"),
            *("taskiq", "worker", "app_taskiq:broker", "-w", "2", "--log-level", "ERROR"),
            workers=1,
        ),
        _python("saq", ("saq[redis]", "typing-extensions"), "saq", "app_saq.settings", "--quiet"),
        _python("streaq", ("streaq",), "streaq", "run", "app_streaq:worker"),
        _python("arq", ("arq",), "arq", "app_arq.WorkerSettings"),
        _python("celery", ("celery[redis]",), "celery", "-A", "app_celery", *_CELERY, workers=1),
        _python("rq", ("rq",), "python", "app_rq.py", "work"),
    )
}
