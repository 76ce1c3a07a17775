"""A job before it runs: its arguments, options and bytes. Pure: nothing here asks Redis."""
