"""OSMod's own calls, answered as its server answers them."""
