"""A million jobs, listed and searched."""
