"""What a task costs: its SQL statements, and how its time grows with the article."""
