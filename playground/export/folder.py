"""A run at a step as a folder: config.json, model.safetensors, tokenizer files and a model card."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from playground.config import ConfigError
from playground.export.card import model_card
from playground.export.curve import curve_svg
from playground.export.tokenizer_files import save_tokenizer_files
from playground.files import read_json, read_json_lines, write_json_atomic
from playground.loading import LoadedRun, load_run
from playground.models import Transformer
from playground.pretrained import to_hf


class ExportError(ConfigError):
    """A run that can't be exported; the message is one sentence."""


def export_run(run: Path, out: Path, step: int | None = None) -> LoadedRun:
    """Write the folder of a run at a step (None: the newest), whole or not at all; return what was loaded.

    AutoModelForCausalLM and AutoTokenizer open it with the same logits and the same tokens. Raises
    ExportError if something lies there already, ConfigError naming the setting that no class of transformers
    has, and CheckpointError if there is no such step.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out} is there already: name another folder, or delete it first.")
    loaded = load_run(run, step)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        made = Path(temporary) / "made"
        made.mkdir()
        _write(run, loaded, made)
        if out.is_dir():
            out.rmdir()
        os.replace(made, out)
    return loaded


def _write(run: Path, loaded: LoadedRun, folder: Path) -> None:
    save_tokenizer_files(loaded.tokenizer, folder, loaded.config.model.n_ctx)
    kind = _save_model(loaded, folder)
    metrics, baselines = read_json_lines(run / "metrics.jsonl")[0], read_json(run / "baselines.json") or {}
    metrics = [record for record in metrics if record.get("step", 0) <= loaded.step]
    evaluations = read_json_lines(run / "evaluations.jsonl")[0]
    picture = curve_svg(metrics, baselines)
    if picture:
        (folder / "curve.svg").write_text(picture, encoding="utf-8")
    card = model_card(loaded, kind, metrics, baselines, evaluations, has_picture=bool(picture))
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "playground.json").write_text(loaded.config.to_json(), encoding="utf-8")


def _save_model(loaded: LoadedRun, folder: Path) -> str:
    """Write weights and config of the class of transformers that has this shape; return its name."""
    model, end = loaded.model, loaded.tokenizer.end_id
    dtype = next(model.parameters()).dtype
    if isinstance(model, Transformer):
        theirs: Any = to_hf(model.double())
        tensors = {name: as_stored(tensor, dtype) for name, tensor in theirs.state_dict().items()}
        model.to(dtype)
    else:
        theirs, tensors = to_hf(model), None
    theirs.config.eos_token_id = theirs.generation_config.eos_token_id = end
    theirs.generation_config.pad_token_id = end  # in the config it would keep the token from being learned
    with without_bars():
        theirs.save_pretrained(str(folder), state_dict=tensors)
    written = read_json(folder / "config.json") or {}
    write_json_atomic(folder / "config.json", {**written, "dtype": str(dtype).removeprefix("torch.")})
    return type(theirs).__name__


@contextlib.contextmanager
def without_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar for each file."""
    from transformers.utils import logging

    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()


def as_stored(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a tensor in the precision of the run, or as it is if numbers would be lost by that."""
    rounded = tensor.to(dtype)
    return rounded if torch.equal(rounded.to(tensor.dtype), tensor) else tensor


def zip_folder(folder: Path, path: Path) -> None:
    """Write the files of a folder into a zip, under the folder's name; weights aren't compressed."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    archive.write(file, Path(folder.name) / file.relative_to(folder))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
