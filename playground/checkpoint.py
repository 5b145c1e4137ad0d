"""Checkpoints: safetensors and JSON, whole or absent, and never code that runs when they are loaded.

A path is a folder with model.safetensors, optimizer.safetensors and state.json; a binary file holds
the same in one piece.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save, save_file
from torch import Tensor, nn

from playground.files import sync_all
from playground.lora import fold_adapters

TEMPORARY, REPLACED = ".tmp", ".old"
"""Ends of the names of folders that are not whole yet, or about to be replaced; both begin with a dot."""

Target = str | os.PathLike | BinaryIO


class CheckpointError(ValueError):
    """A checkpoint that can't be loaded; the message is one sentence."""


def save_checkpoint(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: int,
    out: Target,
    extra: dict[str, Any] | None = None,
) -> None:
    """Write model, optimizer and step to a folder or a binary file; `extra` is kept as JSON in state.json.

    A folder appears in one move when all of it is on the disk.
    """
    optimizer_tensors, optimizer_numbers = _split_optimizer(optimizer)
    state = {"step": step, "optimizer": optimizer_numbers, "extra": extra or {}}
    if isinstance(out, (str, os.PathLike)):
        _write_folder(Path(out), model_tensors(model), optimizer_tensors, state)
        return
    tensors = {f"model/{name}": tensor for name, tensor in model_tensors(model).items()}
    tensors |= {f"optimizer/{name}": tensor for name, tensor in optimizer_tensors.items()}
    out.write(save(_contiguous(tensors), {"state": json.dumps(state)}))


def load_checkpoint(src: Target, model: nn.Module, optimizer: torch.optim.Optimizer | None) -> int:
    """Load a checkpoint into model and optimizer (None: the model alone) and return its step.

    Raises CheckpointError if it is missing, cut off or of another shape.
    """
    if isinstance(src, (str, os.PathLike)):
        model_state, optimizer_state, state = _read_folder(Path(src), with_optimizer=optimizer is not None)
    else:
        model_state, optimizer_state, state = _read_bytes(src.read())
    load_model_tensors(model, model_state)
    if optimizer is not None:
        optimizer.load_state_dict(_join_optimizer(optimizer_state, state["optimizer"]))
    return int(state["step"])


def load_extra(folder: Path) -> dict[str, Any]:
    """Return the extra values that were saved with a checkpoint folder."""
    return _read_state(folder)["extra"]


def load_model_weights(folder: Path, model: nn.Module) -> None:
    """Load the weights alone, for sampling and looking; adapters become part of the layers beside them."""
    tensors = _read_tensors(folder / "model.safetensors")
    scale = load_extra(folder).get("lora_scale") if any("lora_" in name for name in tensors) else None
    load_model_tensors(model, tensors if scale is None else fold_adapters(tensors, model, scale))


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return the state of a model with each tied tensor once, under its first name."""
    seen: set[int] = set()
    unique = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            unique[name] = tensor.detach()
    return unique


def load_model_tensors(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy tensors into a model; raises CheckpointError naming what does not fit."""
    expected = model_tensors(model)
    if set(expected) != set(tensors):
        different = ", ".join(sorted(set(expected) ^ set(tensors))[:3])
        raise CheckpointError(f"The checkpoint is of another model: {different} on one side only.")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            shapes = f"{tuple(tensor.shape)} in the checkpoint, {tuple(expected[name].shape)} in the model"
            raise CheckpointError(f"The checkpoint is of another model: {name} is {shapes}.")
    for name, tensor in tensors.items():
        expected[name].copy_(tensor)


def _split_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Part an optimizer's state into tensors ("parameter.name") and what JSON can hold."""
    state = optimizer.state_dict()
    tensors, numbers = {}, {}
    for index, values in state["state"].items():
        for name, value in values.items():
            (tensors if isinstance(value, Tensor) else numbers)[f"{index}.{name}"] = value
    return tensors, {"state": numbers, "param_groups": state["param_groups"]}


def _join_optimizer(tensors: dict[str, Tensor], numbers: dict[str, Any]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **numbers["state"]}.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    groups = [
        {name: tuple(v) if name == "betas" else v for name, v in group.items()}
        for group in numbers["param_groups"]
    ]
    return {"state": state, "param_groups": groups}


def _write_folder(
    folder: Path, model_state: dict[str, Tensor], optimizer_state: dict[str, Tensor], state: dict[str, Any]
) -> None:
    temporary = folder.with_name(f".{folder.name}{TEMPORARY}")
    replaced = folder.with_name(f".{folder.name}{REPLACED}")
    for left in (temporary, replaced):
        shutil.rmtree(left, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        _write_tensors(temporary / "model.safetensors", model_state)
        _write_tensors(temporary / "optimizer.safetensors", optimizer_state)
        (temporary / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        sync_all(temporary.iterdir())
        if folder.exists():  # the same step again, at another learning rate
            os.rename(folder, replaced)
        os.rename(temporary, folder)
        shutil.rmtree(replaced, ignore_errors=True)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors from where they are: a copy of them all would lift the peak memory of a run.

    Raises OSError, by which a full disk is known: the library has an error of its own for all that fails.
    """
    try:
        save_file(_contiguous(tensors), path)
    except SafetensorError as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _read_folder(folder: Path, *, with_optimizer: bool) -> tuple[dict, dict, dict]:
    optimizer_state = _read_tensors(folder / "optimizer.safetensors") if with_optimizer else {}
    # An optimizer keeps what it is given, and a mapped file is not to change what it does.
    kept = {name: tensor.clone() for name, tensor in optimizer_state.items()}
    return _read_tensors(folder / "model.safetensors"), kept, _read_state(folder)


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "state.json").read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The checkpoint {folder.name} has no readable state.json.") from error


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file, mapped into memory: they are read when they are copied."""
    try:
        return load_file(path)
    except OSError as error:
        raise CheckpointError(f"The checkpoint {path.parent.name} has no readable {path.name}.") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path.parent.name}/{path.name} is cut off or garbled: {error}.") from error


def _read_bytes(data: bytes) -> tuple[dict, dict, dict]:
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        state = json.loads(header["__metadata__"]["state"])
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"The checkpoint is cut off or garbled: {error}.") from error
    parts = {"model": {}, "optimizer": {}}
    for key, tensor in tensors.items():
        part, name = key.split("/", 1)
        parts[part][name] = tensor
    return parts["model"], parts["optimizer"], state
