"""Moving from one scorer to another: both on the same comments, against moderators, and the rules that follow."""
