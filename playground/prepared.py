"""A prepared text: its tokenizer, its tokens and its baselines, as they lie in a folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playground.files import read_json, write_text_atomic
from playground.splits import SPLITS
from playground.token_files import Tokens, read_tokens
from playground.tokenizers import Tokenizer, load_tokenizer

BASELINES_FILE = "baselines.json"
"""Written last: a folder that has it is whole."""


@dataclass(frozen=True)
class Prepared:
    """What training needs of a text; tokens stay on the disk until they are read."""

    tokenizer: Tokenizer
    baselines: dict[str, Any]
    tokens: dict[str, Tokens]
    """By split: train, val, and test if one was asked for."""
    starts: dict[str, Tokens] = field(default_factory=dict)
    """By split: where each document begins, and last the end; missing for a text that is not documents."""
    learned: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """By split: which tokens the loss is taken on; empty: on all."""
    folder: Path = Path()

    @property
    def train(self) -> Tokens:
        """The training tokens."""
        return self.tokens["train"]

    @property
    def val(self) -> Tokens:
        """The validation tokens."""
        return self.tokens["val"]

    @property
    def bytes_per_token(self) -> float:
        """Mean length in bytes of the tokens that validation predicts."""
        return float(self.baselines["bytes_per_token"])


def load_prepared(folder: Path) -> Prepared | None:
    """Return what lies in a folder, or None if it is not all there."""
    baselines = read_json(folder / BASELINES_FILE)
    paths = {name: folder / "tokens" / f"{name}.npy" for name in SPLITS}
    if baselines is None or not (paths["train"].is_file() and paths["val"].is_file()):
        return None
    tokens = {name: read_tokens(path) for name, path in paths.items() if path.is_file()}
    starts, learned = _beside(paths, "starts"), _beside(paths, "learned")
    return Prepared(load_tokenizer(folder / "tokenizer"), baselines, tokens, starts, learned, folder)


def _beside(paths: dict[str, Path], kind: str) -> dict[str, Any]:
    """Return what lies beside the tokens of each split, where it does."""
    found = {name: path.with_name(f"{name}.{kind}.npy") for name, path in paths.items()}
    return {name: read_tokens(path) for name, path in found.items() if path.is_file()}


def save_prepared(prepared: Prepared, run: Path) -> None:
    """Put a prepared text into a run folder: tokens without a copy where the disk can do that."""
    prepared.tokenizer.save(run / "tokenizer")
    (run / "tokens").mkdir(exist_ok=True)
    for path in sorted((prepared.folder / "tokens").glob("*.npy")):
        _link_or_copy(path, run / "tokens" / path.name)
    text = (prepared.folder / BASELINES_FILE).read_text(encoding="utf-8")
    write_text_atomic(run / BASELINES_FILE, text, durable=True)


def _link_or_copy(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)
