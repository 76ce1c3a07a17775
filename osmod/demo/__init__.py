"""`osmod demo`: real comments through queue, scorer, rules and decisions, with nothing set up."""
