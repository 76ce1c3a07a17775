"""What OSMod's HTTP side was seen to answer, as cases: ask ours the same, and compare answer, tables and queue."""
