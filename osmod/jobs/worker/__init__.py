"""What replaces parts of Dramatiq's worker, and the processes that it runs in."""
