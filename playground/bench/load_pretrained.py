"""How long a pretrained model takes to load, beside plain transformers: time and memory."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playground.bench.children import PrivateMemory, in_child

SHAPE = {
    "vocab_size": 50_257, "hidden_size": 768, "num_hidden_layers": 5, "num_attention_heads": 12,
    "num_key_value_heads": 4, "intermediate_size": 2048, "max_position_embeddings": 2048,
}  # fmt: skip
"""About 100M parameters as a Llama, a Qwen3 or a GPT-NeoX."""

KINDS = {"llama": "our transformer", "qwen3": "our transformer", "gpt_neox": "wrapped"}
ROUNDS = 7


def bench_load_pretrained() -> None:
    """Loading a model of 100M parameters from the disk, beside plain transformers."""
    with tempfile.TemporaryDirectory() as root:
        for kind, how in KINDS.items():
            folder = Path(root) / kind
            total = in_child(make, kind, folder).result
            found = in_child(alternate, folder).result
            plain, ours = (statistics.median(found[name]) for name in ("plain", "ours"))
            peaks = [in_child(peak, name, folder).result for name in ("plain", "ours")]
            print(
                f"{kind:9} {total / 1e6:5.1f}M ({how}): {ours:.2f} s, plain transformers {plain:.2f} s: "
                f"{ours / plain:.2f} x (at most 1.3); peak memory {peaks[1] / 1e6:,.0f} MB and "
                f"{peaks[0] / 1e6:,.0f} MB: {peaks[1] / peaks[0]:.2f} x",
                flush=True,
            )


def make(kind: str, folder: Path) -> int:
    """Write a random model and its tokenizer into a folder, and return how many parameters it has."""
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    from playground.tokenizers import gpt2_tokenizer

    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **SHAPE))
    model.save_pretrained(folder)
    library = gpt2_tokenizer().library
    PreTrainedTokenizerFast(tokenizer_object=library, eos_token="!").save_pretrained(folder)
    return sum(p.numel() for p in model.parameters())


def alternate(folder: Path) -> dict[str, list[float]]:
    """Load the model both ways in turn, and return the seconds of each after the first, which warms up."""
    found: dict[str, list[float]] = {name: [] for name in LOADERS}
    for _ in range(ROUNDS + 1):
        for name, load in LOADERS.items():
            began = time.perf_counter()
            load(folder)
            found[name].append(time.perf_counter() - began)
    return {name: seconds[1:] for name, seconds in found.items()}


def peak(name: str, folder: Path) -> int:
    """Return the most memory of its own that a process held that loads the model one way."""
    with PrivateMemory() as memory:
        LOADERS[name](folder)
    return memory.peak_bytes


def load_plain(folder: Path) -> Any:
    """Load model and tokenizer as transformers does, in float32."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    return model, AutoTokenizer.from_pretrained(folder)


def load_ours(folder: Path) -> Any:
    """Load model and tokenizer as the playground does, with all of its checks."""
    from playground.pretrained import open_model
    from playground.pretrained.loading import tokenizer_in

    return open_model(str(folder)).model, tokenizer_in(folder, folder.name)


LOADERS = {"plain": load_plain, "ours": load_ours}
