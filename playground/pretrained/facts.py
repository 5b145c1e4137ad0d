"""What is known of a pretrained model before its weights are read: its kind, its size, and if it can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.accounting import gigabytes
from playground.files import read_json
from playground.hub_errors import first_line
from playground.memory import free_bytes
from playground.pretrained.errors import PretrainedError
from playground.pretrained.fetch import Source, fetch_config, find_source, why_not
from playground.pretrained.headers import count_numbers, read_header, weight_files

BYTES = 4
"""Of a number in float32, as models are read."""


@dataclass(frozen=True)
class ModelFacts:
    """A model that can be loaded, as far as its files say."""

    source: Source
    kind: str
    """What transformers calls its shape, as qwen3."""
    n_parameters: int
    file_bytes: int
    """Of the weights on the disk or the Hub."""
    n_ctx: int
    """The longest context it was made for."""
    d_vocab: int
    is_ours: bool
    """Whether it is loaded into the playground's own transformer."""
    config: Any = field(repr=False, compare=False)
    """As transformers has it."""

    @property
    def memory_bytes(self) -> int:
        """Memory that its weights take in float32."""
        return BYTES * self.n_parameters

    @property
    def sentence(self) -> str:
        """The facts in a sentence."""
        how = "the playground's own transformer" if self.is_ours else "transformers"
        return (
            f"{self.source.name}: {self.kind}, {self.n_parameters / 1e6:,.1f}M parameters, "
            f"{gigabytes(self.file_bytes)} of files, {gigabytes(self.memory_bytes)} of memory in float32, "
            f"a context of up to {self.n_ctx:,} tokens; it runs in {how}."
        )

    def check_memory(self, copies: int = 1) -> None:
        """Raise PretrainedError if so many copies of the weights can't fit into the memory that is free."""
        free, needed = free_bytes(), copies * self.memory_bytes
        if free is not None and needed > free:
            raise PretrainedError(
                f"{self.source.name} would take {gigabytes(needed)} of memory, but there are "
                f"{gigabytes(free)}: choose a smaller model."
            )


def facts_of(name: str, revision: str = "") -> ModelFacts:
    """Look a model up by its Hub id or folder, fetching its config alone; raises PretrainedError."""
    return facts_at(find_source(name, revision))


def facts_at(source: Source) -> ModelFacts:
    """Return the facts of a model that was found; raises PretrainedError where it can't be loaded."""
    from playground.pretrained.convert import is_ours

    config = read_config(fetch_config(source), source.name)
    n_parameters, file_bytes = _size_of(source)
    return ModelFacts(
        source,
        config.model_type,
        n_parameters,
        file_bytes,
        longest_context(config),
        int(config.get_text_config().vocab_size),
        is_ours(config),
        config,
    )


def read_config(folder: Path, name: str) -> Any:
    """Return the config of transformers in a folder; raises PretrainedError unless it is of a causal LM.

    One that asks for code of its own (auto_map) is refused, whatever its kind.
    """
    values = read_json(folder / "config.json")
    if values is None:
        raise PretrainedError(f"{name} has no readable config.json, so it is no model of transformers.")
    if values.get("auto_map"):
        raise PretrainedError(
            f"{name} asks to run code of its own (auto_map in config.json), which is never done: choose a "
            "model of a kind that transformers has."
        )
    if values.get("quantization_config"):
        raise PretrainedError(f"{name} is quantized, and only full weights can be read: take its original.")
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (ValueError, KeyError, TypeError, OSError, ImportError, AttributeError) as error:
        raise PretrainedError(f"The config of {name} can't be read: {first_line(error)}.") from error
    made_for = (values.get("architectures") or ["ForCausalLM"])[0]
    if type(config) not in AutoModelForCausalLM._model_mapping or not _is_causal(made_for, config):
        what = made_for if values.get("architectures") else config.model_type
        raise PretrainedError(
            f"{name} is a {what}, which is no causal language model: choose one that predicts the next "
            "token, as GPT-2, Llama or Qwen."
        )
    return config


def _is_causal(made_for: str, config: Any) -> bool:
    """Tell whether a class predicts the next token; bare models and fine-tuned heads may lack that layer."""
    if getattr(config, "is_encoder_decoder", False):
        return False
    decodes = getattr(config, "is_decoder", True) or made_for.endswith("ForCausalLM")
    return decodes and made_for.endswith(("LMHeadModel", "ForCausalLM", "Model"))


def longest_context(config: Any) -> int:
    """Return the most tokens that a config is made for; 2,048 where it names no limit."""
    return int(getattr(config.get_text_config(), "max_position_embeddings", 0) or 2048)


def _size_of(source: Source) -> tuple[int, int]:
    """Return the numbers in the weights and the bytes of their files, by their headers alone."""
    if source.folder is not None:
        files = weight_files(source.folder)
        return count_numbers([read_header(file) for file in files]), sum(f.stat().st_size for f in files)
    from huggingface_hub import HfApi

    sizes = [size for file, size in (source.sizes or {}).items() if file.endswith(".safetensors")]
    try:
        found = HfApi().get_safetensors_metadata(source.name, revision=source.commit)
    except Exception as error:
        raise PretrainedError(why_not(source.name, error)) from error
    return sum(found.parameter_count.values()), sum(sizes)
