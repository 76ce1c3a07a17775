"""How soon the pages are there with a million jobs."""
