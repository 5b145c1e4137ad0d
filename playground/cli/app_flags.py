"""What app.py is told: the limits of a public playground by flags, its port by the environment."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence

from playground.cli.arguments import UsageError, parse
from playground.limits import LimitError, Limits, export, limits, variable

PORT = "GRADIO_SERVER_PORT"
HERE = "127.0.0.1"


def follow_flags(argv: Sequence[str]) -> None:
    """Put the limits that flags name over those of the environment; ends with one sentence if it can't.

    With --public, the other limits begin at their public values.
    """
    try:
        if "--public" in argv:
            os.environ[variable("public")] = "1"
        export(parse(Limits, argv, "", limits(), prog="python app.py"))
    except (UsageError, LimitError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def check_port() -> None:
    """End with one sentence if a port is named that can't be had; where none is, Gradio takes a free one."""
    named = os.environ.get(PORT)
    if named is None:
        return
    if not named.isdecimal() or not 0 < int(named) < 1 << 16:
        print(f"app.py: {PORT} must be a port from 1 to 65535, but it is {named!r}.", file=sys.stderr)
        raise SystemExit(2)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HERE, int(named)))
        except PermissionError:
            said = f"Port {named} may not be opened by this user: name one over 1023 in {PORT}."
        except OSError:
            said = f"Port {named} is taken by another program: end that, or name another port in {PORT}."
        else:
            return
    print(f"app.py: {said}", file=sys.stderr)
    raise SystemExit(1)
