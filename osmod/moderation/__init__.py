"""What it means: plain functions on a database session. Knows nothing of queues."""
