"""Kue's jobs taken over, beside Kue's own worker."""
