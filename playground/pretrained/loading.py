"""Pretrained models by name: as transformers has them, or as the playground's own models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError

from playground.config import ModelConfig
from playground.hub_errors import first_line
from playground.models import HFModel, Model
from playground.pretrained.convert import is_ours, our_config
from playground.pretrained.errors import PretrainedError
from playground.pretrained.facts import ModelFacts, facts_of, longest_context, read_config
from playground.pretrained.fetch import Report, fetch, ignore
from playground.pretrained.headers import read_header, weight_files
from playground.pretrained.weights import our_model_in

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LOADING = "loading the weights"


@dataclass(frozen=True)
class Opened:
    """A pretrained model, ready to sample, look at or train."""

    model: Model
    folder: Path
    """Where its files are."""
    facts: ModelFacts


def load_pretrained(
    name: str, revision: str = "", dtype: str | torch.dtype = "float32", report: Report = ignore
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a causal language model of the Hub or of a folder, and its tokenizer, as transformers has them.

    dtype: float32, or "auto" for that of its files. The tokenizer pads at the left, with its end token where
    it has no pad token. Safetensors only, and never code of the model's own. `report` is told the bytes that
    are here while it is fetched. Raises PretrainedError in one sentence.
    """
    facts = facts_of(name, revision)
    facts.check_memory()
    folder = fetch(facts.source, report)
    report(LOADING, 0, 0)
    tokenizer = tokenizer_in(folder, name)
    model = hf_model_in(folder, name, facts.config, dtype)
    check_tokenizer(tokenizer, facts.d_vocab, name)
    return model, tokenizer


def open_model(
    name: str,
    revision: str = "",
    n_ctx: int = 0,
    dtype: torch.dtype = torch.float32,
    report: Report = ignore,
) -> Opened:
    """Return a pretrained model in the playground's own transformer where that has its shape, else wrapped.

    n_ctx: a shorter context than it was made for; 0: that. Raises PretrainedError in one sentence.
    """
    facts = facts_of(name, revision)
    facts.check_memory()
    folder = fetch(facts.source, report)
    report(LOADING, 0, 0)
    return Opened(model_of(facts.config, folder, name, n_ctx, dtype), folder, facts)


def config_in(folder: Path, name: str, n_ctx: int = 0) -> ModelConfig:
    """Return the settings of the model in a folder as open_model opens it, without reading its weights."""
    return config_by(read_config(folder, name), n_ctx)


def config_by(config: Any, n_ctx: int) -> ModelConfig:
    """Return our settings of a model by its config in transformers."""
    from transformers import AutoModelForCausalLM

    if is_ours(config):
        return our_config(config, n_ctx)
    with torch.device("meta"):
        body = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    return config_of(body, n_ctx)


def model_in(folder: Path, name: str, n_ctx: int = 0, *, own: bool = False) -> Model:
    """Return the model in a folder, in our transformer where that has its shape, else wrapped.

    own: its weights lie in memory of their own, and are not mapped from the file.
    """
    return model_of(read_config(folder, name), folder, name, n_ctx, own=own)


def model_of(
    config: Any, folder: Path, name: str, n_ctx: int, dtype: torch.dtype = torch.float32, *, own: bool = False
) -> Model:
    """Return the model in a folder whose config is at hand; see model_in."""
    if is_ours(config):
        return our_model_in(folder, name, config, n_ctx, dtype, own=own)
    for file in weight_files(folder):
        read_header(file)
    model = wrapped(hf_model_in(folder, name, config, dtype), n_ctx)
    if own:
        for parameter in model.parameters():
            parameter.data = parameter.data.clone()
    return model


def hf_model_in(
    folder: Path, name: str, config: Any, dtype: str | torch.dtype = "float32"
) -> PreTrainedModel:
    """Return the model of transformers of a config, with the weights in a folder; raises PretrainedError."""
    from transformers import AutoModelForCausalLM

    try:
        model, loading = AutoModelForCausalLM.from_pretrained(
            str(folder),
            config=config,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        raise PretrainedError(f"The weights of {name} can't be read: {first_line(error)}.") from error
    if loading["missing_keys"] or loading["mismatched_keys"]:
        first = sorted(map(str, loading["missing_keys"] or loading["mismatched_keys"]))[0]
        raise PretrainedError(
            f"The weights of {name} don't fit its config: {first} is missing or of another shape."
        )
    return model.eval()


def wrapped(body: PreTrainedModel, n_ctx: int = 0) -> HFModel:
    """Return a model of transformers behind the interface of ours."""
    return HFModel(config_of(body, n_ctx), body)


def config_of(body: PreTrainedModel, n_ctx: int) -> ModelConfig:
    """Return the settings that rebuild a model of transformers, with its shape in our names."""
    own = longest_context(body.config)
    text, values = body.config.get_text_config(), body.config.to_dict()
    for name in ("dtype", "torch_dtype", "_name_or_path", "transformers_version"):
        values.pop(name, None)
    width, heads = int(text.hidden_size), int(getattr(text, "num_attention_heads", 1))
    head = body.get_output_embeddings()
    tied = head is not None and head.weight is body.get_input_embeddings().weight
    return ModelConfig(
        architecture="hf",
        d_vocab=int(text.vocab_size),
        n_ctx=min(n_ctx or own, own),
        d_model=width,
        n_heads=heads,
        n_layers=int(text.num_hidden_layers),
        d_mlp=int(getattr(text, "intermediate_size", 0) or getattr(text, "ffn_dim", 0) or 4 * width),
        d_head=int(getattr(text, "head_dim", 0) or max(1, width // heads)),
        positions="learned",
        tie_embeddings=tied,
        qk_norm=False,
        hf_config=json.dumps(values),
        n_parameters=sum(p.numel() for p in body.parameters()),
    )


def tokenizer_in(folder: Path, name: str) -> PreTrainedTokenizerBase:
    """Return the tokenizer of transformers in a folder, padding at the left; raises PretrainedError."""
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(
            str(folder), trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
        raise PretrainedError(f"The tokenizer of {name} can't be loaded: {first_line(error)}.") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.bos_token or tokenizer.unk_token
    tokenizer.padding_side = "left"
    return tokenizer


def check_tokenizer(tokenizer: Any, d_vocab: int, name: str) -> None:
    """Raise PretrainedError if a tokenizer has ids that the model has no embedding for."""
    largest = max(tokenizer.get_vocab().values(), default=0)
    if largest >= d_vocab:
        raise PretrainedError(
            f"The tokenizer of {name} does not match its model: it has ids up to {largest:,}, but the model "
            f"has embeddings for {d_vocab:,} tokens."
        )
