"""OSMod's background worker: its tasks, its rules and the queue they run on."""
