"""What it costs to tell a publisher of a decision."""
