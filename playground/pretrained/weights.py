"""Weights of safetensors files in our transformer: mapped where they lie as ours do, else copied once.

What is mapped is read when it is first needed, and is shared with whoever else reads the file; the file
stays as it is, whatever the model learns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from playground.config import ConfigError
from playground.models import Model
from playground.models.bare import build_bare, give_memory
from playground.pretrained.convert import our_config, pairs_of
from playground.pretrained.errors import PretrainedError
from playground.pretrained.headers import data_begins, read_header, weight_files
from playground.pretrained.pairs import Pair

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
"""Kinds of numbers that weights come in, by their names in a safetensors file."""


def our_model_in(
    folder: Path, name: str, config: Any, n_ctx: int = 0, dtype: torch.dtype = torch.float32,
    *, own: bool = False,
) -> Model:  # fmt: skip
    """Return our transformer of a config of theirs, with the weights in a folder; raises PretrainedError.

    own: nothing is mapped, all is read into memory of its own.
    """
    model = build_bare(our_config(config, n_ctx))
    try:
        fill(model, pairs_of(model, config.model_type), reader(folder, name, own), dtype)
    except ConfigError as error:
        raise PretrainedError(f"The weights of {name} can't be read: {str(error).rstrip('.')}.") from error
    return model.to(dtype).eval()


def reader(folder: Path, name: str, own: bool) -> Callable[[str], Tensor]:
    """Return the function that maps or reads a tensor by name; the body may be there without its head."""
    places: dict[str, tuple[Path, dict[str, Any], int]] = {}
    for file in weight_files(folder):
        begin = data_begins(file)
        places |= {tensor: (file, entry, begin) for tensor, entry in read_header(file).items()}
    whole = {} if own else {file: mapped(file) for file, _, _ in places.values()}

    def read(tensor: str) -> Tensor:
        known = next((each for each in (tensor, tensor.partition(".")[2]) if each in places), None)
        if known is None:
            raise PretrainedError(f"The weights of {name} don't fit its config: {tensor} is missing.")
        file, entry, begin = places[known]
        if entry["dtype"] not in DTYPES:
            kinds = ", ".join(DTYPES)
            raise ConfigError(f"{known} holds {entry['dtype']} numbers, but must hold one of {kinds}.")
        dtype, (start, end) = DTYPES[entry["dtype"]], (begin + place for place in entry["data_offsets"])
        data = read_bytes(file, start, end) if own else whole[file][start:end]
        if data.storage_offset() % dtype.itemsize:  # numbers must lie at multiples of their size
            data = data.clone()
        return data.view(dtype).view(entry["shape"])

    return read


def mapped(file: Path) -> Tensor:
    """Return the bytes of a file, mapped into memory; what changes there never reaches the file."""
    return torch.from_file(str(file), shared=False, size=file.stat().st_size, dtype=torch.uint8)


def read_bytes(file: Path, start: int, end: int) -> Tensor:
    """Return some bytes of a file."""
    return torch.from_numpy(np.fromfile(file, np.uint8, end - start, offset=start))


@torch.no_grad()
def fill(
    model: nn.Module, pairs: Iterable[Pair], theirs: Callable[[str], Tensor], dtype: torch.dtype
) -> None:
    """Give each parameter of a model without memory the numbers of theirs.

    Raises ConfigError naming a tensor of another shape.
    """
    pairs = list(pairs)  # keeps what they are part of, and so its id
    parts: dict[int, list[Tensor]] = {}
    for pair in pairs:
        parts.setdefault(id(pair.whole), []).append(pair.turned(theirs(pair.name)))
    give_memory(model, lambda bare: joined(parts.pop(id(bare))).to(dtype))


def joined(parts: list[Tensor]) -> Tensor:
    """Return tensors one under the other: as they lie in the file if they follow each other there."""
    first, end = parts[0], parts[0].storage_offset()
    storage = first.untyped_storage().data_ptr()
    for part in parts:
        follows = part.untyped_storage().data_ptr() == storage and part.storage_offset() == end
        if not (follows and part.is_contiguous()):
            return torch.cat(parts).contiguous()
        end += part.numel()
    return first.as_strided((sum(map(len, parts)), *first.shape[1:]), first.stride())
