"""How long a pretrained model takes to load and to give its first logits, beside plain transformers.

Both ways read every weight by then: a file that is only mapped has cost nothing yet.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground.bench.children import in_child, peak_bytes

ROTARY = {
    "vocab_size": 50_257, "hidden_size": 768, "num_hidden_layers": 5, "num_attention_heads": 12,
    "num_key_value_heads": 4, "intermediate_size": 2048, "max_position_embeddings": 2048,
}  # fmt: skip
"""About 100M parameters as a Llama, a Qwen3 or a GPT-NeoX."""

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("our transformer", ROTARY),
    "qwen3": ("our transformer", ROTARY),
    "gpt2": ("our transformer, matrices turned", {}),
    "gpt_neox": ("wrapped", ROTARY),
}
ROUNDS, TOKENS, TOLERANCE = 7, 16, 1e-3

Loaded = tuple[Callable[[Any], Any], Any]
"""From tokens to logits, and the tokenizer."""


def bench_load_pretrained() -> None:
    """Loading a model of 100M parameters, and its first logits, beside plain transformers."""
    with tempfile.TemporaryDirectory() as root:
        for kind, (how, shape) in KINDS.items():
            folder = Path(root) / kind
            total = in_child(make, kind, folder, shape).result
            in_child(open_in, folder)
            print(f"{kind}, {total / 1e6:.1f}M parameters ({how}); x is of plain transformers", flush=True)
            found = in_child(alternate, folder).result
            peaks = {name: in_child(peak, name, folder).result for name in LOADERS}
            for name in LOADERS:
                print(f"  {name:26} {_cells(found, peaks, name)}", flush=True)


def _cells(found: dict[str, list[tuple[float, float]]], peaks: dict[str, int], name: str) -> str:
    load, both = zip(*found[name], strict=True)
    plain_load, plain_both = zip(*found[PLAIN], strict=True)
    return ", ".join((
        f"load {_ratio(load, plain_load)}",
        f"with first logits {_ratio(both, plain_both)}",
        f"peak {peaks[name] / 1e6:5,.0f} MB {peaks[name] / peaks[PLAIN]:.2f} x",
    ))  # fmt: skip


def _ratio(ours: tuple[float, ...], plain: tuple[float, ...]) -> str:
    median = statistics.median
    return f"{1e3 * median(ours):4.0f} ms {median(ours) / median(plain):.2f} x"


def make(kind: str, folder: Path, shape: dict[str, Any]) -> int:
    """Write a random model and GPT-2's tokenizer into a folder, and return how many parameters it has."""
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    from playground.tokenizers import gpt2_tokenizer

    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **shape))
    model.save_pretrained(folder)
    library = gpt2_tokenizer().library
    PreTrainedTokenizerFast(tokenizer_object=library, eos_token="!").save_pretrained(folder)
    return sum(p.numel() for p in model.parameters())


def open_in(folder: Path) -> None:
    """Open a model as a run beside its folder."""
    from playground.pretrained.opening import open_as_run

    open_as_run(str(folder), folder.parent / "runs", run_name=folder.name)


def alternate(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Load in all ways in turn; return the seconds to each model, and to its logits, but for a first round.

    Raises SystemExit if logits differ.
    """
    import torch

    tokens = torch.arange(TOKENS)[None]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in LOADERS}
    for _ in range(ROUNDS + 1):
        expected = None
        for name, load in LOADERS.items():
            began = time.perf_counter()
            logits_of, _ = load(folder)
            loaded = time.perf_counter()
            with torch.inference_mode():
                logits = logits_of(tokens)
            found[name].append((loaded - began, time.perf_counter() - began))
            expected = logits if expected is None else expected
            if not torch.allclose(logits, expected, atol=TOLERANCE):
                raise SystemExit(f"{name}: the logits differ by {(logits - expected).abs().max():.1e}.")
    return {name: seconds[1:] for name, seconds in found.items()}


def peak(name: str, folder: Path) -> int:
    """Return the most memory that loading and first logits took, mapped files included."""
    import torch
    import transformers  # noqa: F401 -- the memory of libraries is not counted

    from playground import loading, pretrained  # noqa: F401

    before = peak_bytes()
    logits_of, _ = LOADERS[name](folder)
    with torch.inference_mode():
        logits_of(torch.arange(TOKENS)[None])
    return peak_bytes() - before


def load_plain(folder: Path) -> Loaded:
    """Load model and tokenizer as transformers does, in float32."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    return lambda tokens: model(tokens).logits, AutoTokenizer.from_pretrained(folder)


def load_ours(folder: Path) -> Loaded:
    """Load model and tokenizer as the playground does, with all of its checks."""
    from playground.pretrained import open_model
    from playground.pretrained.loading import tokenizer_in

    return open_model(str(folder)).model, tokenizer_in(folder, folder.name)


def load_to_learn(folder: Path) -> Loaded:
    """Load the model that a fine-tuning run starts with, and its tokenizer."""
    from playground.config import ModelConfig, RunConfig
    from playground.pretrained.start import settle_start, start_model
    from playground.tokenizers import build_tokenizer

    config = settle_start(RunConfig(model=ModelConfig(n_ctx=1024), start_from=str(folder)))
    tokenizer = build_tokenizer(config.data.tokenizer, (), end_token=True)
    return start_model(config, own=True), tokenizer


def load_to_sample(folder: Path) -> Loaded:
    """Load a run that a model was opened as, as Sample and Inspect do."""
    from playground.loading import load_run

    loaded = load_run(folder.parent / "runs" / folder.name)
    return loaded.model, loaded.tokenizer


PLAIN = "plain transformers"
LOADERS: dict[str, Callable[[Path], Loaded]] = {
    PLAIN: load_plain,
    "playground": load_ours,
    "to fine-tune": load_to_learn,
    "a run opened to sample": load_to_sample,
}
