"""Who scores: one file an endpoint type."""
