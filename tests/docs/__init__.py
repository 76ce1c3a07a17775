"""What the README and docs/ print is run, as it is printed."""
