"""HTTP to the outside world: one event loop a process, hundreds of requests in flight, addresses checked."""
