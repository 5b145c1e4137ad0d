"""Every tokenizer of the playground as one of the `tokenizers` library, which AutoTokenizer opens."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as LibraryTokenizer

from playground.config import ConfigError
from playground.tokenizers import (
    END_TOKEN,
    AlphabetTokenizer,
    BPETokenizer,
    ByteTokenizer,
    CharTokenizer,
    PretrainedTokenizer,
    Tokenizer,
    byte_alphabet,
)

FINAL_SIGMA = "ς"
"""Lower-casing makes it of Σ at the end of a word alone, and the library does not look at words."""


def save_tokenizer_files(tokenizer: Tokenizer, folder: Path, n_ctx: int) -> None:
    """Write tokenizer.json and tokenizer_config.json into a folder.

    Opened by AutoTokenizer they give the same ids for every text: special tokens that a person types are
    ordinary text, and none are added. Raises ConfigError for a tokenizer that the library can't express.
    """
    from transformers import PreTrainedTokenizerFast

    library, end = as_library(tokenizer)
    names = {} if end is None else {"eos_token": end, "pad_token": end}
    PreTrainedTokenizerFast(
        tokenizer_object=library,
        model_max_length=n_ctx,
        clean_up_tokenization_spaces=False,
        split_special_tokens=True,
        **names,
    ).save_pretrained(str(folder))


def as_library(tokenizer: Tokenizer) -> tuple[LibraryTokenizer, str | None]:
    """Return a tokenizer of the library that cuts every text alike, and the name of its end token.

    Raises ConfigError for one that the library can't express.
    """
    if isinstance(tokenizer, AlphabetTokenizer):  # a CharTokenizer too
        library = _alphabet(tokenizer)
    elif isinstance(tokenizer, CharTokenizer):
        library = _characters(tokenizer)
    elif isinstance(tokenizer, ByteTokenizer):
        library = _bytes()
    elif isinstance(tokenizer, BPETokenizer):
        library = LibraryTokenizer.from_str(tokenizer.library.to_str())
    elif isinstance(tokenizer, PretrainedTokenizer):
        library = _made_elsewhere(tokenizer)
    else:
        raise ConfigError(f"The tokenizer {tokenizer.spec} can't be written for Hugging Face.")
    return library, _add_end(library, tokenizer)


def _add_end(library: LibraryTokenizer, tokenizer: Tokenizer) -> str | None:
    """Give the library the end token under the id that it has here."""
    if tokenizer.end_id is None:
        return None
    known = library.get_vocab(with_added_tokens=True)
    if own := next((token for token, number in known.items() if number == tokenizer.end_id), None):
        return own
    end = END_TOKEN if END_TOKEN not in known else "<|end of document|>"
    library.add_special_tokens([AddedToken(end, special=True, normalized=False)])
    if library.token_to_id(end) != tokenizer.end_id:
        raise ConfigError(
            f"The vocabulary of {tokenizer.spec} has gaps, so that its end token can't have the id "
            f"{tokenizer.end_id}: the tokenizer can't be written for Hugging Face."
        )
    return end


def _bytes() -> LibraryTokenizer:
    library = LibraryTokenizer(models.BPE({letter: byte for byte, letter in byte_alphabet().items()}, []))
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    library.decoder = decoders.ByteLevel()
    return library


def _characters(tokenizer: CharTokenizer) -> LibraryTokenizer:
    """Merges there are none, so each character stays alone; those without an id are left out, as here.

    A lone surrogate has no place in the library's texts: a name that no text comes to keeps its id.
    """
    names = (
        c if c.isascii() or not "\ud800" <= c <= "\udfff" else f"<U+{ord(c):04X}>" for c in tokenizer.alphabet
    )
    library = LibraryTokenizer(models.BPE({name: number for number, name in enumerate(names)}, []))
    library.decoder = decoders.Fuse()
    return library


def _alphabet(tokenizer: AlphabetTokenizer) -> LibraryTokenizer:
    if tokenizer.lower and FINAL_SIGMA in tokenizer.alphabet:
        raise ConfigError(
            f"The alphabet has {FINAL_SIGMA}, which Σ becomes at the end of words alone: Hugging Face's "
            "tokenizers can't say that, so take the tokenizer char to export."
        )
    library = _characters(tokenizer)
    steps: list[normalizers.Normalizer] = [normalizers.Lowercase()] if tokenizer.lower else []
    if tokenizer.blank >= 0:
        known = "".join(f"\\x{{{ord(c):x}}}" for c in tokenizer.alphabet)
        steps += [normalizers.Replace(Regex(f"[^{known}]"), " "), normalizers.Replace(Regex(" +"), " ")]
    library.normalizer = normalizers.Sequence(steps)
    return library


def _made_elsewhere(tokenizer: PretrainedTokenizer) -> LibraryTokenizer:
    """Leave out what would add special tokens around a text: the playground adds none."""
    state = json.loads(tokenizer.library.to_str())
    state["post_processor"] = None
    return LibraryTokenizer.from_str(json.dumps(state))
