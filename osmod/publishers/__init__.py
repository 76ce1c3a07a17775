"""Who is told: OSMod's own servers, of every change."""
