"""The fields of a cron spec: checked one by one, so that an error names the field and its value."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What the names stand for, as in crontab(5).
NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    also: str = ""

    @property
    def count(self) -> int:
        """How many values it has; Sunday is both 0 and 7."""
        return 7 if self.high == 7 else self.high - self.low + 1

    @property
    def allowed(self) -> str:
        """The values, as an error message shows them."""
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"{self.low}-{self.high}{names}"


_SECOND = _Field("second", 0, 59)
_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of month", 1, 31, also="L (the last day) and LW (the last weekday)")
_MONTH = _Field("month", 1, 12, tuple(_MONTHS))
_WEEKDAY = _Field("day of week", 0, 7, tuple(_DAYS), also="5L (the last Friday) and 5#2 (the second Friday)")
_FIELDS = (_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)


def normalise(spec: str) -> str:
    """Return `spec` in digits, with `@daily` and the like written out, for cronsim.

    Five fields (minute, hour, day of month, month, day of week) stay five, six (seconds first) stay six.

    Raises:
      ValueError: a field is wrong; it names the first such field, its value and what is allowed.
    """
    text = spec.strip()
    if text.startswith("@"):
        if text.lower() not in NAMED:
            raise ValueError(f"cron {spec!r}: unknown name {text!r}, the names are {', '.join(NAMED)}.")
        return NAMED[text.lower()]
    values = text.split()
    if len(values) not in (5, 6):
        raise ValueError(
            f"cron {spec!r}: {len(values)} field{'' if len(values) == 1 else 's'}, where five (minute, hour, "
            "day of month, month, day of week) or six (second first) belong."
        )
    fields = _FIELDS[-len(values) :]
    return " ".join(_normalise_field(spec, *pair) for pair in zip(fields, values, strict=True))


def _normalise_field(spec: str, field: _Field, value: str) -> str:
    return ",".join(_normalise_term(_Place(spec, field, value), term.lower()) for term in value.split(","))


@dataclass(frozen=True)
class _Place:
    """Where in which spec a value stands, for messages."""

    spec: str
    field: _Field
    value: str

    def error(self, problem: str) -> ValueError:
        return ValueError(f"cron {self.spec!r}: {self.field.name} {self.value!r} {problem}.")

    def malformed(self) -> ValueError:
        forms = "*, 5, 1-5, 1,5, */5 and 1-9/2"
        also = f", {self.field.also}" if self.field.also else ""
        return self.error(f"is not understood, allowed are {self.field.allowed} as {forms}{also}")


def _normalise_term(place: _Place, term: str) -> str:
    field = place.field
    if field is _DAY and term in ("l", "lw"):
        return term.upper()
    if field is _WEEKDAY and (match := re.fullmatch(r"([a-z]+?|[0-9]+)l", term)):
        return f"{_number(place, match[1])}L"
    if field is _WEEKDAY and (match := re.fullmatch(r"([a-z]+|[0-9]+)#([0-9]+)", term)):
        if not 1 <= int(match[2]) <= 5:
            raise place.error(f"asks for weekday number {match[2]} of a month, allowed are 1-5")
        return f"{_number(place, match[1])}#{int(match[2])}"
    match = re.fullmatch(r"(?:(\*)|([a-z]+|[0-9]+)(?:-([a-z]+|[0-9]+))?)(?:/([0-9]+))?", term)
    if match is None:
        raise place.malformed()
    star, start, end, step = match.groups()
    text = star or str(_number(place, start))
    if end is not None:
        first, last = _number(place, start), _number(place, end)
        if field is _WEEKDAY and last == 0:
            last = 7
        if last < first:
            raise place.error(f"runs backwards, write {start}-{field.high},{field.low}-{end}")
        text = f"{first}-{last}"
    if step is None:
        return text
    if not 1 <= int(step) <= field.count:
        raise place.error(f"has a step of {step}, allowed are 1-{field.count}")
    if field is _WEEKDAY and text.isdigit():
        text = f"{int(text) % 7}-6"  # 7 is another name of Sunday, not a day after Saturday
    return f"{text}/{int(step)}"


def _number(place: _Place, text: str) -> int:
    field = place.field
    if text in field.names:
        return field.names.index(text) + (1 if field is _MONTH else 0)
    if not text.isdigit():
        raise place.malformed()
    number = int(text)
    if not field.low <= number <= field.high:
        raise place.error(f"is out of range, allowed are {field.allowed}")
    return number
