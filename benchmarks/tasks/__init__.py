"""What the tasks that run for every comment cost, and how many a second there can be, beside another revision."""
