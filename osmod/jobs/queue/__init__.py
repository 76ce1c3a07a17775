"""A job's life in Redis, and what this process holds of it."""
