"""How a process that runs jobs writes its log, and what Dramatiq says in it that is said better."""
