"""Redis as the queue sees it: one connection, one script call, whichever server that goes to."""
