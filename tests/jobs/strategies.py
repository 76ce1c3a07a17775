"""What Hypothesis draws for the tests of the queue."""

from __future__ import annotations

import math

from hypothesis import strategies as st

TEXTS = st.sampled_from(["", "key", "{key}", "a b", "a\r\nb", "\0", "half \ud800 pair", "é" * 500])
NUMBERS = st.sampled_from(
    [0, 1, -1, 3.5, 10**13, 10**19, 10**400, 1e305, math.nan, math.inf, -math.inf, "", None]
)
#: Priority, whether it is delayed, unique key.
JOB = st.tuples(st.integers(-1, 1), st.booleans(), st.sampled_from([None, "a"]))
#: Options as nobody in their right mind sets them, and some that are fine.
HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        "unique": TEXTS,
        "unique_ttl": NUMBERS,
        "unique_for": NUMBERS,
        "unique_until": st.sampled_from(["done", "started", "never", ""]),
        "priority": NUMBERS,
        "eta": NUMBERS,
        "backoff": NUMBERS,
        "max_backoff": NUMBERS,
        "remove_on_complete": st.sampled_from([False, None, 0]),
    },
)
