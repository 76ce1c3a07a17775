"""What operators see of scorers and publishers, and do about them: the same for the command line and pages."""
