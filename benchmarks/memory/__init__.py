"""What Redis holds after a million jobs went through."""
