"""What is answered, one file a family of paths."""
