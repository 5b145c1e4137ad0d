"""A text that goes on from a prompt, piece by piece: tokens drawn, decoded, and ended at a stop string."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playground.config import SampleConfig
from playground.models import Model
from playground.sampling import Drawn, follow_beams, generate
from playground.text_stream import TextStream
from playground.tokenizers import Tokenizer


@dataclass(frozen=True)
class Piece:
    """The text that one more token completes, often all of it, sometimes none.

    No token at the very end, and neither token nor text while beams are still followed.
    """

    text: str
    drawn: Drawn | None


def complete(
    model: Model, tokenizer: Tokenizer, tokens: list[int], settings: SampleConfig, *, n_likeliest: int = 0
) -> Iterator[Piece]:
    """Yield what follows `tokens` as it comes; joined, the texts are the completion.

    It ends at the end token, which shows nothing, or before the first stop string. Text that may be the
    beginning of one is held back until that is known. Raises ConfigError for an empty prompt.
    """
    text, stop = TextStream(tokenizer), StopStrings(settings.stop)
    for drawn in _drawn(model, tokens, settings, tokenizer.end_id, n_likeliest):
        yield Piece(stop.feed(text.feed(drawn.token)) if drawn else "", drawn)
        if stop.found:
            return
    if rest := stop.feed(text.flush()) + stop.flush():
        yield Piece(rest, None)


def _drawn(
    model: Model, tokens: list[int], settings: SampleConfig, end_id: int | None, n_likeliest: int
) -> Iterator[Drawn | None]:
    """Yield the tokens that are drawn, and None where a search goes on: whoever asked may leave there."""
    if settings.beams == 1:
        yield from generate(model, tokens, settings, end_id=end_id, n_likeliest=n_likeliest)
        return
    best = list[Drawn]()
    for best_so_far in follow_beams(model, tokens, settings, end_id=end_id, n_likeliest=n_likeliest):
        best = best_so_far
        yield None
    yield from best


def complete_prompts(model: Model, tokenizer: Tokenizer, settings: SampleConfig) -> list[dict[str, Any]]:
    """Complete every fixed prompt with a seed of its own: prompt, completion and settings of each."""
    lines = []
    for number, prompt in enumerate(settings.prompts):
        if tokens := tokenizer.encode(prompt):
            own = dataclasses.replace(settings, seed=settings.seed + number)
            completion = "".join(piece.text for piece in complete(model, tokenizer, tokens, own))
            shown = {name: value for name, value in dataclasses.asdict(own).items() if name != "prompts"}
            lines.append({"prompt": prompt, "completion": completion, "settings": shown})
    return lines


class StopStrings:
    """Passes a stream of text on, until one of some strings is in it: `found` is that string then."""

    def __init__(self, strings: tuple[str, ...]) -> None:
        self.strings, self.held, self.found = strings, "", ""

    def feed(self, text: str) -> str:
        """Return the text that is certain to stand before any stop string."""
        if self.found:
            return ""
        self.held += text
        places = [(self.held.find(string), string) for string in self.strings if string in self.held]
        if places:
            end, self.found = min(places)
            return self.held[:end]
        end = len(self.held) - max((_begun(self.held, string) for string in self.strings), default=0)
        text, self.held = self.held[:end], self.held[end:]
        return text

    def flush(self) -> str:
        """Return what was held back, when no more text comes."""
        return "" if self.found else self.held


def _begun(text: str, string: str) -> int:
    """Return how many characters at the end of a text are the beginning of a string."""
    longest = min(len(text), len(string) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(string[:n])), 0)
