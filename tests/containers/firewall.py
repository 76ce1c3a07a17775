"""What an engine leaves in the kernel's network: bridges, packet filter rules, forwarding. All is put back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
NETWORK = Path("/sys/class/net")
_CHAIN = re.compile(r"^:(DOCKER\S*)", re.MULTILINE)
_POLICY = re.compile(r"^:FORWARD (\S+)", re.MULTILINE)


@contextmanager
def as_before(root: Path) -> Iterator[None]:
    """Run with the network as it is, and leave it so. `root` is the system whose iptables the engine uses."""
    forward, policy, bridges = FORWARD.read_text(), _policy(root), _bridges()
    try:
        yield
    finally:
        for bridge in _bridges() - bridges:
            _run(root, "ip", "link", "delete", bridge)
        for table in ("filter", "nat"):
            _remove_chains(root, table)
        _iptables(root, "--policy", "FORWARD", policy)
        FORWARD.write_text(forward)


def _bridges() -> set[str]:
    return {path.name for path in NETWORK.iterdir() if (path / "bridge").is_dir()}


def _policy(root: Path) -> str:
    found = _POLICY.search(_rules(root, "filter"))
    return found.group(1) if found else "ACCEPT"


def _remove_chains(root: Path, table: str) -> None:
    """Delete the engine's chains, and the rules of other chains that lead to them or speak of its networks."""
    rules = _rules(root, table)
    chains = _CHAIN.findall(rules)
    for line in rules.splitlines():
        chain = line.split()[1] if line.startswith("-A ") else ""
        if (
            chain
            and chain not in chains
            and re.search(r"-j DOCKER|172\.31\.2(48|49|50)\.|docker0|\bbr-", line)
        ):
            _iptables(root, "--table", table, "--delete", *_words(line)[1:])
    for chain in chains:
        _iptables(root, "--table", table, "--flush", chain)
    for chain in chains:
        _iptables(root, "--table", table, "--delete-chain", chain)


def _words(rule: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', rule)]


def _rules(root: Path, table: str) -> str:
    return _run(root, "iptables-save", "--table", table)


def _iptables(root: Path, *words: str) -> None:
    _run(root, "iptables", "--wait", *words)


def _run(root: Path, *words: str) -> str:
    return subprocess.run(["chroot", str(root), *words], capture_output=True, text=True, check=True).stdout
