"""Tokenizers made elsewhere: any of the Hugging Face Hub or of a local folder, by name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer

from playground.files import write_text_atomic
from playground.hub_errors import UNREACHABLE, first_line, kinds_of
from playground.limits import limits
from playground.tokenizers.base import (
    SURROGATE_BYTES,
    Tokenizer,
    TokenizerError,
    checked,
    encode_around_surrogates,
    has_surrogates,
    lone_surrogates,
    save_spec,
)
from playground.tokenizers.bpe import token_bytes

WORD_START = "▁"
"""SentencePiece's sign for a blank."""

TIMEOUT_SECONDS = 15


class PretrainedTokenizer(Tokenizer):
    """A tokenizer of the `tokenizers` library that was made elsewhere.

    Its special tokens, typed by a person, are ordinary text. Without an end token of its own it gets one,
    as the next id. Some of these change the text (they normalise it), which decoding can't undo.
    d_vocab: ids there are at least, where a model has embeddings for more than it has tokens.
    """

    def __init__(self, library: LibraryTokenizer, name: str, end_token: str | None, d_vocab: int = 0) -> None:
        self.library, self.name, self.spec = library, name, f"hf:{name}"
        self.library.encode_special_tokens = True
        size = max(library.get_vocab(with_added_tokens=True).values()) + 1
        own_end = None if end_token is None else library.token_to_id(end_token)
        self.end_token = end_token if own_end is not None else None
        self.end_id = size if own_end is None else own_end
        self.d_vocab = max(d_vocab, size + (own_end is None))

    @property
    def identity(self) -> str:
        """The name, which may stand for another tokenizer tomorrow, and a hash of what it is today."""
        content = f"{self.library.to_str()}\0{self.end_token}"
        return f"{self.spec}#{hashlib.blake2b(content.encode(), digest_size=16).hexdigest()}"

    @cached_property
    def pieces(self) -> list[bytes]:
        """The bytes of every token, by id; none for special tokens and for ids that no token has."""
        state = json.loads(self.library.to_str())
        added = {token["content"]: token["special"] for token in state["added_tokens"]}
        to_bytes = piece_rule(state.get("decoder"))
        pieces = [b""] * self.d_vocab
        for token, number in self.library.get_vocab(with_added_tokens=True).items():
            if token in added:
                pieces[number] = b"" if added[token] else token.encode()
            else:
                pieces[number] = to_bytes(token)
        return pieces

    @cached_property
    def byte_ids(self) -> dict[int, int]:
        """The ids of the bytes of which surrogates consist; none unless all of them have one."""
        ids = {piece[0]: number for number, piece in enumerate(self.pieces) if len(piece) == 1}
        return ids if ids.keys() >= SURROGATE_BYTES else {}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without special tokens.

        A lone surrogate, which has no UTF-8, becomes three bytes; it is left out where there are no bytes.
        """
        if has_surrogates(text):
            return encode_around_surrogates(text, self._encode, self.byte_ids)
        return self._encode(text)

    def _encode(self, text: str) -> list[int]:
        return self.library.encode(text, add_special_tokens=False).ids

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of many texts, as arrays, on all cores."""
        if any(map(has_surrogates, texts)):
            return super().encode_batch(texts)
        encodings = self.library.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(encoding.ids, dtype=np.uint32) for encoding in encodings]

    def holds_from(self, text: str, ids: NDArray[np.integer], place: int) -> NDArray[np.bool_]:
        """Tell of each token of a text whether it holds anything of it from character `place` on."""
        if self.piece_bytes[ids].sum() == len(text.encode("utf-8", "surrogatepass")) or has_surrogates(text):
            return super().holds_from(text, ids, place)
        offsets = self.library.encode(text, add_special_tokens=False).offsets  # it has changed the text
        return np.array([end > place for _, end in offsets], dtype=bool)

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token; none for a special one."""
        return self.pieces[checked(token_id, self.d_vocab)]

    def cover(self, d_vocab: int) -> None:
        """Take the ids up to a model's vocabulary as tokens without bytes: models often have some more."""
        self.d_vocab = max(self.d_vocab, d_vocab)
        self.pieces.extend([b""] * (self.d_vocab - len(self.pieces)))

    def label(self, token_id: int) -> str:
        """Return a token for display; a special one by its name, one that stands for nothing by its id."""
        if self.piece(token_id):
            return super().label(token_id)
        return self.library.id_to_token(token_id) or f"<|unused {token_id}|>"

    @cached_property
    def unknown_id(self) -> int | None:
        """The id that stands for whatever the vocabulary lacks, if there is one."""
        unknown = json.loads(self.library.to_str())["model"].get("unk_token")
        return None if unknown is None else self.library.token_to_id(unknown)

    def unknown_characters(self, text: str) -> str:
        """Return the distinct characters that become the unknown token, and surrogates that are left out."""
        lost = "" if self.byte_ids else lone_surrogates(text)
        if self.unknown_id is None:
            return lost
        characters = sorted(set(text) - set(lone_surrogates(text)))
        return lost + "".join(c for c in characters if self.unknown_id in self._encode(c))

    def widened(self, d_vocab: int) -> PretrainedTokenizer:
        """Return this tokenizer with at least so many ids; those that no token has are without bytes."""
        return PretrainedTokenizer(self.library, self.name, self.end_token, d_vocab)

    def save(self, folder: Path) -> None:
        """Write the tokenizer in the library's own format, and beside it its name, end token and ids."""
        folder.mkdir(parents=True, exist_ok=True)
        write_text_atomic(folder / "tokenizer.json", self.library.to_str(pretty=True), durable=True)
        spec = {"kind": "hf", "name": self.name, "end_token": self.end_token, "d_vocab": self.d_vocab}
        save_spec(folder, spec)


def piece_rule(decoder: dict[str, Any] | None):
    """Return the function from a token's name to its bytes that a decoder, as JSON, stands for."""
    steps = (decoder or {}).get("decoders") or [decoder or {}]
    kinds = {step.get("type") for step in steps}
    if "ByteLevel" in kinds:
        return _byte_level_bytes
    if "WordPiece" in kinds:
        return lambda token: token.removeprefix("##").encode()
    return _sentencepiece_bytes


def _byte_level_bytes(token: str) -> bytes:
    try:
        return token_bytes(token)
    except KeyError:  # added by hand, in plain characters
        return token.encode()


def _sentencepiece_bytes(token: str) -> bytes:
    byte = re.fullmatch(r"<0x([0-9A-F]{2})>", token)
    return bytes.fromhex(byte[1]) if byte else token.replace(WORD_START, " ").encode()


def fetch_tokenizer(name: str) -> PretrainedTokenizer:
    """Return the tokenizer of a name on the Hub, or of a local folder; downloads are cached.

    A name may end in a commit, as me/model@0123abc, and otherwise means the newest.
    Never runs code from the Hub. Raises TokenizerError in one sentence if it can't be had, LimitError if it
    is not on the list.
    """
    if not name.strip():
        raise TokenizerError(
            "hf: needs the name of a tokenizer on the Hub, or a folder, as hf:Qwen/Qwen3-0.6B."
        )
    limits().check_hub(name)
    from transformers import AutoTokenizer

    model, _, commit = (name, "", "") if Path(name).is_dir() else name.partition("@")
    try:
        loaded: Any = AutoTokenizer.from_pretrained(
            model,
            revision=commit or "main",
            trust_remote_code=False,
            local_files_only=not Path(name).is_dir() and not _is_reachable(model),
        )
    except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
        raise TokenizerError(_why_not(name, error)) from error
    backend = getattr(loaded, "backend_tokenizer", None)
    if backend is None:
        raise TokenizerError(f"The tokenizer {name} has no fast version, and only those can be used.")
    return PretrainedTokenizer(backend, name, loaded.eos_token or loaded.bos_token)


def _is_reachable(name: str) -> bool:
    """Return whether the Hub answers: without a network the library would try for a minute, cache or not.

    Raises the library's error if the Hub has no model of this name, or does not give it to everybody.
    """
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(name, timeout=TIMEOUT_SECONDS)
    except Exception as error:
        if kinds_of(error) & UNREACHABLE:
            return False
        raise
    return True


def _why_not(name: str, error: Exception) -> str:
    """Return the reason in one sentence."""
    kinds = kinds_of(error)
    if "GatedRepoError" in kinds:
        return f"The tokenizer {name} is gated: accept its terms on the Hub, and log in with `hf auth login`."
    if "RepositoryNotFoundError" in kinds:
        return f"There is no model named {name!r} on the Hugging Face Hub, and no such folder here."
    if kinds & UNREACHABLE:
        return (
            f"The Hugging Face Hub can't be reached, and {name} is not in the cache: check the connection, "
            "or use gpt2, which needs none."
        )
    return f"The tokenizer {name} can't be loaded: {first_line(error)}."
