"""Safetensors files by their headers alone: which tensors they hold, and whether the file is whole."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from playground.files import read_json
from playground.pretrained.errors import PretrainedError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
LARGEST_HEADER = 100_000_000
"""Bytes; the format allows no more."""

BITS = re.compile(r"(?<=[A-Z])\d+")
"""Of a number, in the name of its kind, as F32 or BF16; those of BOOL take a byte."""

Header = dict[str, dict[str, Any]]


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a model's folder; raises PretrainedError where there are none."""
    index = read_json(folder / INDEX)
    if index is not None:
        shards = sorted(set(index.get("weight_map", {}).values()))
        missing = [name for name in shards if Path(name).name != name or not (folder / name).is_file()]
        if missing or not shards:
            raise PretrainedError(f"{folder.name} lacks {missing[0] if missing else 'its weights'}.")
        return [folder / name for name in shards]
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    raise PretrainedError(no_weights(folder.name, [path.name for path in folder.iterdir()]))


def no_weights(name: str, files: list[str]) -> str:
    """Return why a model without safetensors can't be loaded."""
    pickles = [file for file in files if file.endswith((".bin", ".pt", ".pth", ".ckpt"))]
    if pickles:
        return (
            f"{name} has its weights as {pickles[0]} only, a pickle, which could run any code: it needs "
            "model.safetensors."
        )
    return f"{name} has no model.safetensors, and so no weights."


def read_header(path: Path) -> Header:
    """Return name, shape and place of each tensor; raises PretrainedError for a file that is not whole."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if 0 < length <= min(LARGEST_HEADER, size - 8) else b""
    try:
        header = json.loads(text)
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = max((_end_of(entry) for entry in tensors.values()), default=0)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise PretrainedError(f"{path.name} is corrupt: it does not begin as safetensors do.") from error
    if 8 + length + end != size:
        raise PretrainedError(
            f"{path.name} is cut short or damaged: it has {size:,} bytes, but should have "
            f"{8 + length + end:,}. Delete it and download it again."
        )
    return tensors


def data_begins(path: Path) -> int:
    """Return the byte of a file from which its tensors' places are counted."""
    with open(path, "rb") as file:
        return 8 + int.from_bytes(file.read(8), "little")


def _end_of(entry: dict[str, Any]) -> int:
    """Return where a tensor ends; raises ValueError if its place is none or not of its shape."""
    begin, end = map(int, entry["data_offsets"])
    named = BITS.search(entry["dtype"])
    bits = int(named[0]) if named else 8
    if begin < 0 or (end - begin) * 8 != math.prod(entry["shape"]) * bits:
        raise ValueError(entry)
    return end


def count_numbers(headers: list[Header]) -> int:
    """Return how many numbers all tensors hold."""
    return sum(math.prod(entry["shape"]) for header in headers for entry in header.values())
