"""What cannot be loaded ahead."""

raise SystemExit("no memory, for example")
