"""English number words: `one hundred and twenty`, `two thousand`, `zero point two five`."""

from __future__ import annotations

from fractions import Fraction

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_SMALL = {word: value for value, word in enumerate(_ONES)} | {"nil": 0, "naught": 0}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
} | {"fourty": 40}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}

#: The fractions that may stand beside a number, in singular and plural.
FRACTIONS = {
    "half": Fraction(1, 2),
    "halves": Fraction(1, 2),
    "quarter": Fraction(1, 4),
    "quarters": Fraction(1, 4),
}

_GRAMMAR = {"a", "an", "and", "of", "point", "hundred"}


def is_number_word(word: str) -> bool:
    """Say whether `word`, in lower case, may be part of a number."""
    return word in _SMALL or word in _TENS or word in _SCALES or word in FRACTIONS or word in _GRAMMAR


def number_from_words(words: list[str]) -> Fraction:
    """Return the value of one number in words or digits.

    `words` are lower case, without hyphens: `["one", "hundred", "and", "twenty"]`, `["2", "thousand"]`,
    `["two", "point", "five"]`, `["1.5"]`. `a` and `an` count as one, `hundred` alone as a hundred.

    Raises:
      ValueError: they are not one number: out of order (`["five", "five"]`), a dangling `and`.
    """
    if "point" in words:
        at = words.index("point")
        return _whole(words[:at] or ["zero"]) + _decimals(words[at + 1 :])
    return _whole(words)


def _decimals(words: list[str]) -> Fraction:
    digits = [_SMALL.get(word, -1) for word in words]
    if not digits or not all(0 <= digit <= 9 for digit in digits):
        raise ValueError(words)
    return Fraction(int("".join(map(str, digits))), 10 ** len(digits))


def _whole(words: list[str]) -> Fraction:
    if not words or words[-1] == "and":
        raise ValueError(words)
    total, group = Fraction(0), None  # a group is what stands before a scale: `two hundred` thousand
    scale_limit = 1_000_000_000_000  # numbers are said from large to small
    limit = 1_000  # what the next word of this group must stay below
    after_and = True  # at the beginning, too, no `and` may stand
    for word in words:
        if word == "and":
            if after_and:
                raise ValueError(words)
            after_and = True
            continue
        if word in _SCALES:
            scale = _SCALES[word]
            if scale >= scale_limit or (group is None and total):
                raise ValueError(words)
            total += (1 if group is None else group) * scale
            group, limit, scale_limit = None, 1_000, scale
        elif word == "hundred":
            if group is not None and not 0 < group < 100:
                raise ValueError(words)
            group, limit = (1 if group is None else group) * Fraction(100), 100
        else:
            value, room = _simple(word, first=group is None, alone=group is None and not total)
            if value >= limit and not (group is None and not total):
                raise ValueError(words)
            if group is not None and not value:
                raise ValueError(words)
            group, limit = (group or 0) + value, room
        after_and = False
    return total + (group or 0)


def _simple(word: str, *, first: bool, alone: bool) -> tuple[Fraction, int]:
    """Return the value of a word that is no multiplier, and what must follow it in its group stays below.

    `first` in its group may be digits, `alone` in the number may be `a`.
    """
    if word in _TENS:
        return Fraction(_TENS[word]), 10
    if word in _SMALL:
        return Fraction(_SMALL[word]), 0
    if word in ("a", "an") and alone:
        return Fraction(1), 0
    if first and word[0] in ".0123456789":
        return Fraction(word), 0
    raise ValueError(word)
