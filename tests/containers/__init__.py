"""The containers of `compose/`, built and run for real: `make containers`.

Where a Docker engine runs already, that one is used. On a bare Debian machine one is built for the time of the
tests, and the base images too, since no image registry is needed: see `__main__`. As part of `make test` nothing
of this runs.
"""
