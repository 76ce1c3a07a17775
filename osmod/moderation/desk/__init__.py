"""The desk where moderators sit: what waits for them, why, who is at it, and what was decided lately."""
