"""The flags of app.py: the limits of a public playground."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from playground.cli.arguments import UsageError, parse
from playground.limits import LimitError, Limits, export, limits, variable


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
