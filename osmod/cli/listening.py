"""Whether a server can listen where it is to, told before it has loaded anything."""

from __future__ import annotations

import errno
import socket
import sys


def listening_problem(host: str, port: int, option: str = "--") -> str | None:
    """Why nothing can listen at a name or an address and a TCP port, with the remedy; None if it can.

    It is tried: each address is taken for a moment, as asyncio takes it.

    Parameters:
      option: how the options of the command begin that end in `host` and `port`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:  # the latter for what cannot be a name
        why = error.strerror if isinstance(error, socket.gaierror) else "that is no name"
        return f"{option}host {host}: {why}; name an address of this machine, 0.0.0.0 or :: for all."
    for family, kind, protocol, _name, address in found:
        with socket.socket(family, kind, protocol) as probe:
            if sys.platform != "win32":  # there it would let two servers have one port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(address)
            except OSError as error:
                return refusal(host, port, error, option)
    return None


def refusal(host: str, port: int, error: OSError, option: str = "--") -> str:
    """The sentence for what the system says as it is asked for an address."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: stop what listens there, or name another by {option}port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} is not for this user: name one from 1024 on by {option}port, with a proxy before it."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{option}host {host}: this machine has no such address; 0.0.0.0 or :: are all that it has."
    return f"{option}host {host} {option}port {port}: {error.strerror}."
