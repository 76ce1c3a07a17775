"""See `transaction`."""
