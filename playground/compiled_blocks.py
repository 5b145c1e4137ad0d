"""The blocks of a transformer by torch.compile, for the steps of training alone.

Evaluation and sampling, whose shapes change, run them as they are written. All blocks are one piece of code,
which is compiled once, and parameters keep their names: a checkpoint does not show it.
"""

from __future__ import annotations

import os
import shutil
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from playground.cache import cache_root
from playground.config import RunConfig
from playground.models import Model, Transformer
from playground.models.transformer import Block

COMPILERS = ("g++", "clang++", "c++", "gcc", "clang", "cc", "cl")

PYTORCH_TO_ITSELF = (
    ".*torch.jit.script_method",
    "The .grad attribute of a Tensor",
    ".*autograd.function.Function.* should not be instantiated",
)
"""Warnings of its own code, as it loads its compiler and reads the blocks."""

LISTEN_SECONDS = 0.2


def obstacle(config: RunConfig, device: torch.device, processes: int = 1) -> str:
    """Return why the blocks of a run can't be compiled here; empty: they can be."""
    if config.model.architecture != "transformer":
        return "an LSTM is library code already"
    if config.train.lora_rank:
        return "the layers of LoRA are its library's"
    if config.data.batches == "padded":
        return "batches of padded documents change their width at every step"
    if processes > 1:
        return "several processes train as one"
    if os.environ.get("SPACES_ZERO_GPU"):
        return "on ZeroGPU nothing compiled outlasts a call"
    if not any(shutil.which(name) for name in (os.environ.get("CXX") or "", *COMPILERS) if name):
        return "there is no C compiler"
    if device.type == "cuda" and not torch.utils._triton.has_triton():
        return "Triton is not installed"
    return ""


def compile_blocks(model: Model) -> None:
    """Have the blocks compiled when a gradient is next taken through them."""
    assert isinstance(model, Transformer)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_root() / "compiled"))
    torch._inductor.config.compile_threads = 1  # no processes that outlive this one
    for message in PYTORCH_TO_ITSELF:
        warnings.filterwarnings("ignore", message)
    compiled = torch.compile(Block.forward, dynamic=False)
    for block in model.blocks.children():
        assert isinstance(block, Block)
        block.forward = partial(_forward, compiled, block)


def release_blocks(model: Model) -> None:
    """Run the blocks as they are written again."""
    assert isinstance(model, Transformer)
    for block in model.blocks.children():
        block.__dict__.pop("forward", None)


def _forward(compiled: Callable[..., Tensor], block: Block, *inputs: Any) -> Tensor:
    if torch.is_grad_enabled() and block.training:
        return compiled(block, *inputs)
    return Block.forward(block, *inputs)


def beside(action: Callable[[], object], listen: Callable[[], object]) -> None:
    """Do something that takes long in a thread, while `listen` is called again and again and may raise."""
    raised: list[BaseException] = []

    def act() -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001  handed on below
            raised.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    while thread.is_alive():
        listen()
        thread.join(LISTEN_SECONDS)
    if raised:
        raise raised[0]
