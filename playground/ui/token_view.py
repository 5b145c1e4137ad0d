"""Text cut into coloured tokens, as HTML.

Colours come from ids and bytes alone, never from offsets into the text: some tokenizers return offsets of
no width. Every token is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playground.tokenizers import Tokenizer, show_bytes

MAX_SHOWN = 4000
"""Tokens drawn; more of them would make the page slow, and nobody reads them."""

MAX_ROWS = 500
N_COLOURS = 8


@dataclass(frozen=True)
class TokenCounts:
    """How a text is cut."""

    tokens: int
    characters: int
    bytes: int

    @property
    def bytes_per_token(self) -> float:
        """Mean length of a token in bytes; 0 without tokens."""
        return self.bytes / self.tokens if self.tokens else 0.0


def count_tokens(tokenizer: Tokenizer, text: str, ids: Sequence[int]) -> TokenCounts:
    """Count tokens, and the characters and bytes that they stand for."""
    seen = "".join(c for c in text if c not in set(tokenizer.unknown_characters(text)))
    return TokenCounts(len(ids), len(seen), sum(len(tokenizer.piece(i)) for i in ids))


def group_tokens(pieces: Sequence[bytes]) -> list[int]:
    """Return how many tokens stand in each group, so that no group ends within a character.

    A token that holds whole characters is a group of its own; a character split over several tokens
    makes one group of them. Bytes that are no UTF-8 end a group where no character can be completed.
    """
    sizes: list[int] = []
    open_tokens, missing = 0, 0
    for piece in pieces:
        for byte in piece:
            if missing and byte & 0xC0 == 0x80:
                missing -= 1
            else:
                missing = bytes_to_come(byte)
        open_tokens += 1
        if not missing:
            sizes.append(open_tokens)
            open_tokens = 0
    return sizes + ([open_tokens] if open_tokens else [])


def bytes_to_come(first: int) -> int:
    """Return how many bytes follow the first one of a UTF-8 character; 0 for a byte that begins none."""
    for mask, lead, count in ((0xE0, 0xC0, 1), (0xF0, 0xE0, 2), (0xF8, 0xF0, 3)):
        if first & mask == lead:
            return count
    return 0


def render_tokens(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the tokens as coloured spans, each with its id, and its bytes where one points at it."""
    shown = ids[:MAX_SHOWN]
    pieces = [tokenizer.piece(i) for i in shown]
    spans, start = [], 0
    for size in group_tokens(pieces):
        group = shown[start : start + size]
        spans.append(_token(tokenizer, group[0]) if size == 1 else _group(tokenizer, group))
        start += size
    view = f'<div class="pg-tokens">{"".join(spans)}</div>'
    if len(ids) <= MAX_SHOWN:
        return view
    return (
        f'{view}<p class="pg-note">The first {MAX_SHOWN:,} of {len(ids):,} tokens; the counts are of all.</p>'
    )


def _token(tokenizer: Tokenizer, token_id: int) -> str:
    label = tokenizer.label(token_id)
    text = (
        html.escape(label).replace("⏎", '<i class="pg-ws">⏎</i><wbr>').replace("·", '<i class="pg-ws">·</i>')
    )
    breaks = "<br>" * min(2, tokenizer.piece(token_id).count(b"\n"))
    return f"{_cell(tokenizer, token_id, text)}{breaks}"


def _group(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """One character, or several, that share tokens: shown once, with the bytes of each token beneath."""
    whole = show_bytes(b"".join(map(tokenizer.piece, ids)))
    cells = "".join(_cell(tokenizer, i, tokenizer.piece(i).hex(" ")) for i in ids)
    return (
        f'<span class="pg-group" title="{html.escape(whole)}: split over {len(ids)} tokens">'
        f"<b>{html.escape(whole)}</b><span>{cells}</span></span>"
    )


def _cell(tokenizer: Tokenizer, token_id: int, inner: str) -> str:
    piece = tokenizer.piece(token_id)
    title = html.escape(f"id {token_id} · bytes {piece.hex(' ')} · {tokenizer.label(token_id)}")
    colour = f"pg-c{token_id % N_COLOURS}"
    return f'<span class="pg-tok {colour}" title="{title}">{inner}<small>{token_id}</small></span>'


def render_table(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the tokens one by one: place, id, bytes, and what they show."""
    rows = "".join(
        f"<tr><td>{place}</td><td>{i}</td><td>{tokenizer.piece(i).hex(' ')}</td>"
        f"<td>{html.escape(tokenizer.label(i))}</td></tr>"
        for place, i in enumerate(ids[:MAX_ROWS])
    )
    return (
        '<div class="pg-token-table"><table><thead><tr><th>place</th><th>id</th><th>bytes</th>'
        f"<th>text</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


_HUES = (215, 25, 150, 285, 95, 345, 185, 55)

TOKEN_CSS = (Path(__file__).parent / "static" / "tokens.css").read_text(encoding="utf-8") + "".join(
    f".pg-c{n} {{ background: hsl({hue} 75% 85%); }} .dark .pg-c{n} {{ background: hsl({hue} 45% 28%); }}\n"
    for n, hue in enumerate(_HUES)
)
