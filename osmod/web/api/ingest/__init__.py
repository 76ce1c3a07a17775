"""A publisher's comments: taken in one by one, many at once, or as a stream of any length; shown; deleted."""
