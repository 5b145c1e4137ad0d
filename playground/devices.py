"""What a machine computes on, in which precision, and how much memory that took."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext

import torch

from playground.config import ConfigError
from playground.memory import free_bytes


def pick_device(name: str) -> torch.device:
    """Return the device of a name; auto takes a GPU if there is one. Raises ConfigError if it is missing.

    On an NVIDIA GPU, float32 products may from then on be computed in TF32, which rounds their factors.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if available[device])
    if not available.get(name):
        raise ConfigError(f"device is {name!r}, but this machine has none that PyTorch can use.")
    if name == "cuda":
        torch.set_float32_matmul_precision("high")
    return torch.device(name)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Return whether bfloat16 products have instructions of their own, and so about twice the speed."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):  # since PyTorch 2.11
        found = torch.cpu.get_capabilities()
        return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    return False


def uses_bfloat16(device: torch.device, precision: str = "auto") -> bool:
    """Return whether matrix products are in bfloat16; auto: where that is fast."""
    return precision == "bfloat16" or (precision == "auto" and has_fast_bfloat16(device))


def mixed_precision(device: torch.device, precision: str = "auto") -> AbstractContextManager:
    """Compute matrix products in bfloat16 (auto: where that is fast), and all else in float32."""
    if uses_bfloat16(device, precision):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_on(device: torch.device) -> int | None:
    """Return the memory that can still be had on a device, None if it can't be told."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_bytes()


def memory_bytes(device: torch.device) -> int:
    """Return the peak memory so far: of the GPU if it trains, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
