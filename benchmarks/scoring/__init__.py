"""Comments a second with a scorer that takes its time."""
