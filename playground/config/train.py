"""How long a run is, and what it writes when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playground.config.checks import check_at_least, check_choices, require

LOGGERS = ("wandb", "trackio", "tensorboard")
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]
Compile = Literal["auto", "off", "on"]


@dataclass(frozen=True)
class TrainConfig:
    """How long, how much at a time, and what is written when."""

    steps: int = 1200
    """Optimizer steps."""
    batch_size: int = 8
    """Sequences of n_ctx tokens per forward pass."""
    accumulate: int = 1
    """Forward passes whose gradients are added up to one step."""
    eval_every: int = 25
    """Steps between two evaluations on the validation text."""
    early_evals: int = 0
    """Evaluations before the first of eval_every, ever further apart: they show the first stages."""
    eval_sequences: int = 24
    """Validation sequences per evaluation, the same ones every time."""
    sample_every: int = 50
    """Steps between two sets of completions."""
    checkpoint_every: int = 50
    """Steps between two checkpoints."""
    keep_checkpoints: int = 2
    """Newest checkpoints kept; the best one is kept beside them."""
    lora_rank: int = 0
    """LoRA: of a pretrained model only matrices of this rank beside its layers are trained; 0: all of it."""
    lora_alpha: float = 0.0
    """LoRA: what they add is multiplied by lora_alpha / lora_rank; 0: by 1."""
    patience: int = 0
    """Evaluations in a row without a better validation loss after which the run ends; 0: never early."""
    log_every: int = 1
    """Steps between two lines in metrics.jsonl."""
    seed: int = 0
    """Seed of the weights and of the order of the batches."""
    device: Device = "auto"
    """auto: a GPU if there is one, else the CPU."""
    precision: Precision = "auto"
    """bfloat16: of matrix products, all else stays float32; auto: where the hardware has it."""
    compile: Compile = "auto"
    """torch.compile of the blocks, which takes half a minute; auto: where that pays back within the run."""
    threads: int = 0
    """CPU threads; 0: measured before the first step."""
    processes: int = 1
    """Processes on this machine that share the rows of every batch; more than one pays on several GPUs."""
    check_memory: bool = True
    """Refuse, before the first step, a run that by its estimate can't fit into the memory that is free."""
    loggers: str = ""
    """Other dashboards to write to, comma between: wandb, trackio, tensorboard; pip install what you name."""

    def __post_init__(self) -> None:
        check_choices(self)
        check_at_least(
            self, 1, "steps", "batch_size", "accumulate", "eval_every", "eval_sequences", "sample_every",
            "checkpoint_every", "keep_checkpoints", "log_every", "processes",
        )  # fmt: skip
        check_at_least(self, 0, "seed", "threads", "patience", "early_evals", "lora_rank", "lora_alpha")
        require(
            self.processes <= self.batch_size,
            f"batch_size ({self.batch_size}) must be at least processes ({self.processes}): "
            "each process takes at least one row of every batch.",
        )
        unknown = sorted(set(self.logger_names()) - set(LOGGERS))
        require(not unknown, f"loggers must be of {', '.join(LOGGERS)}, but there is {', '.join(unknown)}.")

    def early_steps(self) -> set[int]:
        """Return the steps of the early evaluations, from 1 on: each is the same factor later."""
        return {round(self.eval_every ** (i / self.early_evals)) for i in range(self.early_evals)}

    def logger_names(self) -> list[str]:
        """Return the loggers, each name once."""
        return list(dict.fromkeys(name.strip() for name in self.loggers.split(",") if name.strip()))
