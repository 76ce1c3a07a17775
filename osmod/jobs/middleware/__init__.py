"""What surrounds a run, one middleware a file."""
