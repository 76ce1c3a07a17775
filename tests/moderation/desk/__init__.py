"""The desk where moderators sit."""
