"""A night on duty: what breaks is found and mended with what docs/operations.md says, and nothing else."""
