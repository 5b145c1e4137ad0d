"""A text longer than the context, read in windows that overlap."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """What is read at once: n_ctx tokens, or all of a shorter text."""

    start: int
    """Where it begins in the text."""
    first: int
    """The first position that is taken from it; those before are taken from the window before."""
    end: int
    """Where it ends, and the next window takes over."""


def windows(n_tokens: int, n_ctx: int) -> list[Window]:
    """Return windows that give each position once, in order.

    They begin half a context apart, the last one so that it ends with the text. So beyond the first window
    every position sees at least n_ctx / 2 tokens, itself among them.
    """
    found, done = [], 0
    while done < n_tokens:
        end = min(done + max(1, n_ctx // 2) if done else n_ctx, n_tokens)
        found.append(Window(max(0, end - n_ctx), done, end))
        done = end
    return found
