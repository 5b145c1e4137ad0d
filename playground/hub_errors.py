"""What kept the Hugging Face Hub from giving something: the libraries' own explanations take many lines."""

from __future__ import annotations

UNREACHABLE = frozenset({
    "ConnectError", "ConnectTimeout", "ConnectionError", "LocalEntryNotFoundError", "OfflineModeIsEnabled",
    "ReadTimeout", "ReadError", "RemoteProtocolError", "PoolTimeout",
})  # fmt: skip
"""Kinds of error that say that there is no connection."""


def kinds_of(error: BaseException) -> set[str]:
    """Return the names of the classes of an error and of all that led to it."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    return {type(cause).__name__ for cause in causes}


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, to stand within a sentence."""
    return str(error).strip().split("\n")[0].rstrip(".:")
