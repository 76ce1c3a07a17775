"""How it runs: the broker, its options and what surrounds a job. Knows nothing of moderation."""
