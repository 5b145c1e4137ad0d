"""Text to token ids and back, behind one interface.

Every token is a piece of bytes, and the pieces of a text, joined, are its UTF-8 bytes. So everything that
shows tokens works from ids and `piece`, never from offsets into the text. The exceptions say so: a given
alphabet and some tokenizers made elsewhere change the text before they cut it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as LibraryTokenizer

from playground import runs
from playground.files import read_json
from playground.tokenizers.base import (
    END_TOKEN,
    SPEC_FILE,
    Tokenizer,
    TokenizerError,
    show_bytes,
)
from playground.tokenizers.bpe import BPETokenizer, byte_alphabet, gpt2_tokenizer, train_bpe
from playground.tokenizers.characters import (
    COURSE_ALPHABET,
    AlphabetTokenizer,
    ByteTokenizer,
    CharTokenizer,
)
from playground.tokenizers.pretrained import PretrainedTokenizer, fetch_tokenizer

__all__ = [
    "COURSE_ALPHABET",
    "END_TOKEN",
    "AlphabetTokenizer",
    "BPETokenizer",
    "ByteTokenizer",
    "CharTokenizer",
    "PretrainedTokenizer",
    "Tokenizer",
    "TokenizerError",
    "build_tokenizer",
    "byte_alphabet",
    "gpt2_tokenizer",
    "identity",
    "is_learned",
    "load_tokenizer",
    "show_bytes",
]

SMALLEST_BPE = 257
KINDS = "char, byte, bpe:N (as bpe:512), gpt2, alphabet, alphabet:CHARACTERS, hf:NAME or run:NAME"


def build_tokenizer(spec: str, texts: Iterable[str], *, end_token: bool) -> Tokenizer:
    """Build the tokenizer of a spec; char and bpe:N are learned from the texts, others don't read them.

    Specs: char, byte, bpe:N, gpt2, alphabet (of the course), alphabet:CHARACTERS, hf:NAME (Hub or folder),
    run:NAME (what a run cuts its text with).
    Those made elsewhere always have an end token. Raises TokenizerError for anything else, for a vocabulary
    below 257 tokens, and for a name that can't be had.
    """
    kind, colon, rest = spec.partition(":")
    fixed: dict[str, Callable[[], Tokenizer]] = {
        "char": lambda: CharTokenizer("".join(set().union(*texts)), end_token),
        "byte": lambda: ByteTokenizer(end_token),
        "gpt2": gpt2_tokenizer,
        "alphabet": lambda: AlphabetTokenizer(COURSE_ALPHABET, end_token),
    }
    if spec in fixed:
        return fixed[spec]()
    if kind == "alphabet" and colon:
        return AlphabetTokenizer(rest, end_token)
    if kind == "hf" and colon:
        return fetch_tokenizer(rest)
    if kind == "run" and colon:
        return _tokenizer_of_run(rest)
    if kind != "bpe" or not rest.isdecimal():
        raise TokenizerError(f"tokenizer must be {KINDS}, but it is {spec!r}.")
    if int(rest) < SMALLEST_BPE:
        raise TokenizerError(
            f"A BPE vocabulary needs at least {SMALLEST_BPE} tokens, but {rest} were asked for."
        )
    return train_bpe(texts, int(rest), end_token)


def _tokenizer_of_run(name: str) -> Tokenizer:
    """Return the tokenizer of a run, whose name may be followed by @STEP."""
    try:
        return load_tokenizer(runs.find(runs.runs_root(), name.partition("@")[0]) / "tokenizer")
    except runs.RunError as error:
        raise TokenizerError(f"tokenizer is 'run:{name}', but: {error}") from error


def identity(spec: str, tokenizer: Tokenizer) -> str:
    """Return what two tokenizers that cut every text alike have in common, also of runs, by their pieces."""
    if not spec.startswith("run:"):
        return tokenizer.identity
    pieces = repr([tokenizer.piece(i) for i in range(tokenizer.d_vocab)]).encode()
    kind = type(tokenizer).__name__
    return f"{kind}#{tokenizer.end_id}#{hashlib.blake2b(pieces, digest_size=16).hexdigest()}"


def is_learned(spec: str) -> bool:
    """Tell whether a tokenizer is learned from the text it is for."""
    return spec == "char" or spec.startswith("bpe:")


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load what `save` wrote; raises TokenizerError if it is missing or garbled."""
    spec = read_json(folder / SPEC_FILE)
    try:
        if spec is None:
            raise KeyError(SPEC_FILE)
        if spec["kind"] == "char":
            return CharTokenizer(spec["alphabet"], spec["end_token"])
        if spec["kind"] == "alphabet":
            return AlphabetTokenizer(spec["alphabet"], spec["end_token"])
        if spec["kind"] == "byte":
            return ByteTokenizer(spec["end_token"])
        return _load_library_tokenizer(folder, spec)
    except (KeyError, TypeError, OSError, UnicodeDecodeError) as error:
        raise TokenizerError(f"The tokenizer in {folder} is missing or garbled: {error}.") from error


def _load_library_tokenizer(folder: Path, spec: dict[str, Any]) -> Tokenizer:
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    try:
        library = LibraryTokenizer.from_str(text)
    except Exception as error:
        raise TokenizerError(f"The tokenizer in {folder} is garbled: {error}.") from error
    if spec["kind"] == "hf":
        return PretrainedTokenizer(library, spec["name"], spec["end_token"], spec.get("d_vocab", 0))
    return BPETokenizer(library, spec["end_token"], "gpt2" if spec["kind"] == "gpt2" else "")
