"""HTTP: OSMod's own calls answered, comments taken in, jobs shown and steered."""
