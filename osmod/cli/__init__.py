"""`osmod …`: one file a group of commands."""
