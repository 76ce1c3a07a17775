"""What docs/queueing-from-server-code.md uses of Django, and no more."""
