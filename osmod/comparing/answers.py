"""The new scorer's answers, kept in a file line by line: what was asked once is asked no more. No texts are in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from osmod.extra import decoded

#: What of a scorer's `users.extra` makes no difference to its answers.
_NO_MATTER = ("apiKey", "limits", "deadline")


class OtherAnswers(Exception):
    """The file holds the answers of another scorer, or of the same one as it was set up then."""


class Answers:
    """The answers in one file.

    A process that dies while it writes leaves half a line at the end at most, which counts for nothing. One thread may
    add while another one ends it.

    Attributes:
      path: the file.
      scores: comment id → attribute → summary score.
      unscorable: the comments that the scorer said it cannot score, ever.
    """

    def __init__(self, path: Path, scorer_id: int, config: Any) -> None:
        """Read the file, if it is there.

        Raises:
          OtherAnswers: it is of another scorer or config.
        """
        self.path = path
        self.scores: dict[int, dict[str, float]] = {}
        self.unscorable: set[int] = set()
        self._adding = threading.Lock()
        self._is_over = False
        self._heading = {"scorer": scorer_id, "config": fingerprint(config)}
        lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
        self._read(lines[:-1])
        self._torn = lines[-1]

    def add(self, comment_id: int, scores: Mapping[str, float]) -> None:
        """Keep an answer."""
        with self._adding:
            if not self._is_over:
                self._write({"comment": comment_id, "scores": scores})
                self.scores[comment_id] = dict(scores)

    def add_unscorable(self, comment_id: int) -> None:
        """Keep that there will be no answer."""
        with self._adding:
            if not self._is_over:
                self._write({"comment": comment_id, "unscorable": True})
                self.unscorable.add(comment_id)

    def end(self) -> None:
        """Keep no more: what still comes of a run that was stopped is asked again, and what is counted now stays so."""
        with self._adding:
            self._is_over = True

    def __contains__(self, comment_id: object) -> bool:
        """Whether there is nothing more to ask about a comment."""
        return comment_id in self.scores or comment_id in self.unscorable

    def _read(self, lines: list[bytes]) -> None:
        if lines and json.loads(lines[0]) != self._heading:
            raise OtherAnswers(
                f"{self.path} holds the answers of another scorer, or of scorer {self._heading['scorer']} as it was "
                "set up then: add --anew to forget them and ask again"
            )
        for line in lines[1:]:
            row = json.loads(line)
            if row.get("unscorable"):
                self.unscorable.add(row["comment"])
            else:
                self.scores[row["comment"]] = row["scores"]

    def _write(self, row: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "xb") as file:
            file.seek(-len(self._torn) if self._torn else 0, 2)
            if file.tell() == 0:
                file.write(json.dumps(self._heading).encode() + b"\n")
            file.write(json.dumps(row).encode() + b"\n")
            file.truncate()
        self._torn = b""


def fingerprint(config: Any) -> str:
    """What tells one config of a scorer from another, as far as its answers depend on it; without its key."""
    matters = decoded(config)
    if isinstance(matters, dict):
        matters = {name: value for name, value in matters.items() if name not in _NO_MATTER}
    return blake2b(json.dumps(matters, sort_keys=True).encode(), digest_size=8).hexdigest()
