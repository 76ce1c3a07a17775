"""What may be said of a job in a log or a terminal: nothing that its actor calls sensitive, and nothing that acts."""

from __future__ import annotations

from collections.abc import Iterable

from osmod.jobs.messages.arguments import named, scrubbed, secrets
from osmod.jobs.queue.job import Job

#: What turns the direction of all text after it, whatever that is, and has it read as something else.
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
#: What is not shown as it is: escape sequences would paint over what else is said, line ends would feign lines.
_ACTING = {
    code: repr(chr(code))[1:-1]
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *_TURNING, *range(0xD800, 0xE000))
}
_ACTING_IN_TEXT = {code: shown for code, shown in _ACTING.items() if chr(code) not in "\t\n"}

#: Characters of what an error says that are shown.
_LONGEST = 400


def on_one_line(text: str) -> str:
    """A text in one line; control characters, line ends and halves of surrogate pairs are written as in Python."""
    return text.translate(_ACTING)


def on_lines(text: str) -> str:
    """A text of several lines, with nothing that acts on a terminal but line ends and tabs."""
    return text.replace("\r\n", "\n").translate(_ACTING_IN_TEXT)


def said(error: BaseException | None, hidden: Iterable[str]) -> str:
    """An error in one line: its class, and the first line of what it says, without the secrets in it."""
    first, *_ = scrubbed(str(error or ""), hidden).strip().splitlines() or [""]
    return f"{type(error).__name__}: {first[:_LONGEST]}".removesuffix(": ")


def secrets_of(job: Job) -> list[str]:
    """The texts of a job that stand in no log."""
    actor = job.consumer.broker.actors.get(job.actor_name)
    return secrets(actor, named(actor, job.args, job.kwargs))
