"""Run folders with a model of random weights at a step, as a worker would have left them, in no time."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch

from playground import runs
from playground.checkpoint import save_checkpoint
from playground.config import DataConfig, ModelConfig, OptimConfig, RunConfig
from playground.models import Model, build_model
from playground.optim import build_optimizer
from playground.tokenizers import Tokenizer, build_tokenizer


def hf_shape(d_vocab: int) -> dict[str, object]:
    """Return the settings of a model of a kind that the playground has no class of its own for."""
    values = {"model_type": "gpt_neox", "vocab_size": d_vocab, "hidden_size": 16, "intermediate_size": 32}
    values |= {"num_attention_heads": 2, "num_hidden_layers": 2, "max_position_embeddings": 64}
    return {"architecture": "hf", "hf_config": json.dumps(values)}


ALPHABET = "".join(map(chr, range(32, 127))) + "\n"


def keep(
    root: Path, name: str, model: Model, tokenizer: Tokenizer, step: int = 0, data: DataConfig | None = None
) -> Path:
    """Write a run folder, or another step into it."""
    run = root / name
    if not (run / "config.json").is_file():
        config = RunConfig(model=model.config, data=data or DataConfig(tokenizer="char"))
        run = runs.create(root, name, config.to_json())
        tokenizer.save(run / "tokenizer")
    save_checkpoint(model, build_optimizer(model, OptimConfig()), step, runs.checkpoint_folder(run, step))
    return run


def drawn_model(d_vocab: int, seed: int = 0, **shape: object) -> Model:
    """Return a model with every weight from N(0, 0.3), ready to evaluate."""
    settings = {"n_ctx": 64, "d_model": 16, "n_heads": 2, "n_layers": 2, **shape}
    model = build_model(ModelConfig(d_vocab=d_vocab, **settings)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3, generator=generator)
    return model


def char_tokenizer(end_token: bool = True) -> Tokenizer:
    """Return a tokenizer of printable ASCII."""
    return build_tokenizer("char", [ALPHABET], end_token=end_token)


def char_run(root: Path, name: str = "kept", seed: int = 0, **shape: object) -> Path:
    """Write a run that reads printable ASCII."""
    tokenizer = char_tokenizer()
    return keep(root, name, drawn_model(tokenizer.d_vocab, seed, **shape), tokenizer)


class Scripted(torch.nn.Module):
    """Stands in for a model: after a prompt that ends with a question it writes what it was told to."""

    def __init__(self, tokenizer: Tokenizer, script: dict[str, str], n_ctx: int = 512) -> None:
        super().__init__()
        self.config = dataclasses.replace(ModelConfig(), d_vocab=tokenizer.d_vocab, n_ctx=n_ctx)
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.tokenizer, self.script, self.batches = tokenizer, script, []
        self.unembed = torch.nn.Identity()

    def new_cache(self, batch: int = 1):
        """Return the texts that were read so far."""
        self.batches.append(batch)
        return Texts(batch)

    def hidden(self, tokens, cache, mask=None):
        """Return logits that leave no doubt about the next character; the end token after the script."""
        logits = torch.zeros(*tokens.shape, self.config.d_vocab)
        for row, ids in enumerate(tokens.tolist()):
            real = [True] * len(ids) if mask is None else mask[row].tolist()
            cache.texts[row] += self.tokenizer.decode(
                i for i, is_real in zip(ids, real, strict=True) if is_real
            )
            logits[row, -1, self._next(cache.texts[row])] = 1
        return logits

    def _next(self, text: str) -> int:
        question, answer = next((q, a) for q, a in self.script.items() if q in text.rpartition("\n\n")[2])
        written = text.rpartition(question)[2]
        rest = answer[len(written) :]
        return self.tokenizer.encode(rest[0])[0] if rest else self.tokenizer.end_id


class Texts:
    """The cache of a scripted model."""

    def __init__(self, batch: int) -> None:
        self.texts = [""] * batch

    def pick(self, rows) -> None:
        """Keep these rows."""
        self.texts = [self.texts[row] for row in rows.tolist()]
