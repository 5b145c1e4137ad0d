"""The settings of the Train tab as a table: which there are, in which group, and when they apply.

The sentence on each, its default and its choices come from the config dataclasses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args, get_type_hints

from playground.config import ModelConfig, OptimConfig, SampleConfig, TrainConfig
from playground.config.docs import field_docs

PARTS: dict[str, type] = {
    "model": ModelConfig,
    "optim": OptimConfig,
    "train": TrainConfig,
    "sample": SampleConfig,
}
Kind = Literal["choice", "bool", "int", "float", "lines", "text"]

ELSEWHERE = {"model.d_vocab", "model.hf_config", "model.n_parameters"}
"""Follow from the tokenizer of the Data tab, and from the pretrained model that a run starts with."""

DERIVED = {"model.d_mlp", "model.d_head", "model.n_kv_heads", "model.norm_eps", "train.threads"}
"""Where 0 stands for a number that follows from others, the box is empty and shows that number."""


@dataclass(frozen=True)
class Setting:
    """One setting: a field of a config dataclass with a name for people."""

    key: str
    """Part and field, as model.n_layers."""
    label: str
    needs: str = ""
    """Another setting and the values with which this one does something, as optim.optimizer=muon,adamw."""

    @property
    def part(self) -> str:
        """The part of RunConfig that it belongs to."""
        return self.key.partition(".")[0]

    @property
    def field(self) -> str:
        """Its name in that part."""
        return self.key.partition(".")[2]

    @cached_property
    def help(self) -> str:
        """What it does, in a sentence."""
        return field_docs(PARTS[self.part])[self.field]

    @cached_property
    def choices(self) -> tuple[str, ...]:
        """The values of a choice, else none."""
        return get_args(self._hint) if self.kind == "choice" else ()

    @cached_property
    def kind(self) -> Kind:
        """What sort of control it needs."""
        kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
        if self._hint in kinds:
            return kinds[self._hint]
        return "lines" if self._hint == tuple[str, ...] else "choice"

    @cached_property
    def _hint(self) -> Any:
        return get_type_hints(PARTS[self.part])[self.field]


@dataclass(frozen=True)
class Group:
    """Settings that change the same thing."""

    name: str
    title: str
    settings: tuple[Setting, ...]


def _group(name: str, title: str, *rows: tuple[str, ...]) -> Group:
    return Group(name, title, tuple(Setting(*row) for row in rows))


BLOCKS = "model.architecture=transformer"
ADAM = "optim.optimizer=adamw,muon,adamw_plain"
MUON = "optim.optimizer=muon"
FALLING = "optim.schedule=cosine,linear,wsd"

GROUPS = (
    _group(
        "model", "Model",
        ("model.architecture", "Architecture"),
        ("model.n_layers", "Layers"),
        ("model.d_model", "Width"),
        ("model.n_heads", "Heads", BLOCKS),
        ("model.n_ctx", "Context"),
        ("model.positions", "Positions", BLOCKS),
        ("model.norm", "Norm", BLOCKS),
        ("model.activation", "Activation", BLOCKS),
        ("model.qk_norm", "QK norm", BLOCKS),
        ("model.qk_norm_gain", "QK norm gains", BLOCKS),
        ("model.tie_embeddings", "Tied embeddings"),
        ("model.bias", "Biases"),
        ("model.qkv_bias", "Q, K, V biases", BLOCKS),
        ("model.dropout", "Dropout"),
        ("model.init", "Initialisation"),
        ("model.d_mlp", "MLP width", BLOCKS),
        ("model.d_head", "Head width", BLOCKS),
        ("model.n_kv_heads", "Key/value heads", BLOCKS),
        ("model.norm_eps", "Norm epsilon", BLOCKS),
        ("model.rope_theta", "Rotary base", "model.positions=rotary"),
    ),
    _group(
        "optimizer", "Optimizer",
        ("optim.optimizer", "Optimizer"),
        ("optim.lr", "Learning rate"),
        ("optim.muon_lr", "Muon's rate", MUON),
        ("optim.momentum", "Momentum", MUON),
        ("optim.weight_decay", "Weight decay", ADAM),
        ("optim.beta1", "Beta 1", ADAM),
        ("optim.beta2", "Beta 2", ADAM),
        ("optim.eps", "Epsilon", ADAM),
        ("optim.max_grad_norm", "Clip gradients at"),
    ),
    _group(
        "finetuning", "Fine-tuning",
        ("train.lora_rank", "LoRA rank"),
        ("train.lora_alpha", "LoRA alpha"),
    ),
    _group(
        "schedule", "Schedule",
        ("train.steps", "Steps"),
        ("optim.schedule", "Schedule"),
        ("optim.warmup_steps", "Warmup"),
        ("optim.lr_min", "Last rate", FALLING),
        ("train.patience", "Patience"),
    ),
    _group(
        "batches", "Batches",
        ("train.batch_size", "Batch"),
        ("train.accumulate", "Accumulate"),
        ("train.seed", "Seed"),
    ),
    _group(
        "evaluation", "Evaluation and checkpoints",
        ("train.eval_every", "Evaluate every"),
        ("train.early_evals", "Early evaluations"),
        ("train.eval_sequences", "On sequences"),
        ("train.checkpoint_every", "Checkpoint every"),
        ("train.keep_checkpoints", "Checkpoints kept"),
        ("train.log_every", "Log every"),
        ("train.loggers", "Other dashboards"),
    ),
    _group(
        "completions", "Completions",
        ("sample.prompts", "Prompts"),
        ("train.sample_every", "Complete every"),
        ("sample.max_tokens", "Tokens"),
        ("sample.temperature", "Temperature"),
        ("sample.top_k", "Top-k"),
        ("sample.top_p", "Top-p"),
        ("sample.min_p", "Min-p"),
        ("sample.repetition_penalty", "Repetition penalty"),
        ("sample.beams", "Beams"),
        ("sample.stop", "Stop at"),
        ("sample.seed", "Seed"),
    ),
    _group(
        "device", "Device",
        ("train.device", "Device"),
        ("train.precision", "Precision"),
        ("train.threads", "CPU threads"),
        ("train.processes", "Processes"),
        ("train.compile", "Compile"),
        ("train.check_memory", "Check memory"),
    ),
)  # fmt: skip

SETTINGS = {setting.key: setting for group in GROUPS for setting in group.settings}
