"""What worker processes share: loaded once, before they are forked."""
