"""What surrounds every request, one ASGI middleware a file."""
