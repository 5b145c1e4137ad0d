"""A text cut into tokens, packed for the script that draws them (static/token_pane.js).

A token is sent once, however often it occurs: its id, bytes, label and repr; the text itself as ids.
"""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playground.tokenizers import AlphabetTokenizer, BPETokenizer, PretrainedTokenizer, Tokenizer, show_bytes
from playground.tokenizers.bpe import token_bytes

MAX_CHARACTERS = 1_000_000
MAX_NAMED = 10
"""Unknown characters that are listed one by one."""

TOKEN_CSS = (Path(__file__).parent / "static" / "tokenize.css").read_text(encoding="utf-8")


def pack_tokens(tokenizer: Tokenizer, text: str) -> dict[str, Any]:
    """Return a text in tokens: the ids in order, what each stands for, the sizes, and what is unknown.

    Raises ValueError for a text that is too long to show.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"The text has {len(text):,} characters; this tab shows up to {MAX_CHARACTERS:,}.")
    (ids,) = tokenizer.encode_batch([text])
    distinct, counts = np.unique(ids, return_counts=True)
    pieces = [tokenizer.piece(i) for i in distinct.tolist()]
    sizes = np.array([len(piece) for piece in pieces], dtype=np.int64)
    return {
        "d_vocab": tokenizer.d_vocab,
        "n_tokens": len(ids),
        "n_characters": len(text),
        "n_bytes": int(sizes @ counts),
        "places": pack_numbers(np.searchsorted(distinct, ids)),
        "ids": distinct.tolist(),
        "counts": counts.tolist(),
        "hex": [piece.hex() for piece in pieces],
        "labels": [tokenizer.label(i) for i in distinct.tolist()],
        "reprs": [represent(piece) for piece in pieces],
        "unknown": name_unknown(tokenizer, text),
    }


def pack_numbers(numbers: NDArray[np.integer]) -> dict[str, Any]:
    """Return whole numbers as base64 of little-endian integers, of 2 bytes where they fit."""
    width = 2 if numbers.max(initial=0) < 2**16 else 4
    packed = base64.b64encode(numbers.astype(f"<u{width}").tobytes()).decode("ascii")
    return {"width": width, "packed": packed}


def represent(piece: bytes) -> str:
    """Return the repr of a token's text, or of its bytes where they are no text."""
    try:
        return repr(piece.decode("utf-8"))
    except UnicodeDecodeError:
        return repr(piece)


def name_unknown(tokenizer: Tokenizer, text: str) -> str:
    """Return a sentence that names the characters which the vocabulary lacks, and what becomes of them."""
    unknown = set(tokenizer.unknown_characters(text))
    if not unknown:
        return ""
    read = text.lower() if isinstance(tokenizer, AlphabetTokenizer) and tokenizer.lower else text
    found = Counter(c for c in read if c in unknown)
    named = [
        f"{_shown(c)} (U+{ord(c):04X}){f' × {n:,}' if n > 1 else ''}" for c, n in found.most_common(MAX_NAMED)
    ]
    more = f", and {len(found) - MAX_NAMED:,} more" if len(found) > MAX_NAMED else ""
    return f"Not in the vocabulary, {_fate(tokenizer)}: {', '.join(named)}{more}."


def _fate(tokenizer: Tokenizer) -> str:
    if isinstance(tokenizer, AlphabetTokenizer) and tokenizer.blank >= 0:
        return "and read as a blank"
    if isinstance(tokenizer, PretrainedTokenizer) and tokenizer.unknown_id is not None:
        return f"and read as {tokenizer.label(tokenizer.unknown_id)}"
    return "and left out"


def _shown(character: str) -> str:
    return show_bytes(character.encode("utf-8", "surrogatepass"))


def name_merge(tokenizer: BPETokenizer, number: int) -> dict[str, Any]:
    """Return what a merge joins, counted from 1, and the id that it makes."""
    left, right = (token_bytes(part) for part in tokenizer.merges[number - 1])
    return {
        "left": show_bytes(left),
        "right": show_bytes(right),
        "joined": show_bytes(left + right),
        "id": tokenizer.library.token_to_id("".join(tokenizer.merges[number - 1])),
    }
