"""Ready-made experiments: a question, and the runs that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playground import presets
from playground.config import ConfigError
from playground.sweeps import Variant, changed


@dataclass(frozen=True)
class Experiment:
    """A question, the settings that all its runs share, and what each run changes."""

    name: str
    title: str
    look_for: str
    preset: str
    runs: tuple[tuple[str, Mapping[str, str]], ...]
    """Label and changed settings of each run, by the names of their flags."""
    shared: Mapping[str, str] = field(default_factory=dict)

    def variants(self) -> list[Variant]:
        """Return the runs as configs."""
        base = changed(presets.preset(self.preset).config, self.shared)
        return [Variant(label, changed(base, values)) for label, values in self.runs]


SHORT = {"steps": "600", "eval_every": "50", "sample_every": "100", "checkpoint_every": "100"}
MUON = {"optimizer": "muon", "lr": "0.02", "muon_lr": "0.04", "weight_decay": "0"}
PLAIN = {"schedule": "constant", "warmup_steps": "0", "max_grad_norm": "0"}

_ALL = (
    Experiment(
        "learning-rates",
        "Learning rate: too low, right, too high",
        "Too low, and the curve creeps: it is still near the unigram line when the others have left it. Too "
        "high, and it jumps about or rises. The right one is just below the rate at which that begins.",
        "tiny",
        (
            ("too low", {"lr": "1e-4"}),
            ("right", {"lr": "8e-3"}),
            ("too high", {"lr": "0.5"}),
        ),
        {**SHORT, **PLAIN},
    ),
    Experiment(
        "optimizers",
        "SGD, AdamW and Muon",
        "The same model and batches, each optimizer at a rate that suits it. SGD moves rare tokens' rows "
        "hardly at all, so it stays near the unigram line for long; AdamW gives each weight a step of its "
        "own; Muon turns each matrix as a whole, and is under the bigram line first.",
        "tiny",
        (
            ("SGD", {"optimizer": "sgd", "lr": "0.5"}),
            ("AdamW", {"optimizer": "adamw", "lr": "8e-3"}),
            ("Muon", MUON),
        ),
        SHORT,
    ),
    Experiment(
        "lstm-transformer",
        "LSTM against Transformer",
        "As many parameters, the same text. The LSTM must squeeze all it has read into one state; the "
        "transformer looks back at every token. Look where their curves part.",
        "tiny",
        (
            ("Transformer", {"n_layers": "2"}),
            ("LSTM", {"n_layers": "2", "architecture": "lstm"}),
        ),
        {**SHORT, **MUON},
    ),
    Experiment(
        "layers-induction",
        "One layer against two: copying",
        "The second half of each text repeats the first, and counting can't know which letters those were. "
        "To copy, one head must find what followed last time, and another must have written down what came "
        "before: that takes two layers. Their curve drops to the floor, that of one layer stays above.",
        "tiny",
        (("one layer", {"n_layers": "1"}), ("two layers", {"n_layers": "2"})),
        {
            **SHORT,
            **{"corpus": "induction", "tokenizer": "char", "batches": "padded", "batch_size": "32"},
            **{**MUON, "lr": "0.01", "muon_lr": "0.02", "steps": "800"},
        },
    ),
    Experiment(
        "characters-bpe",
        "Characters against BPE",
        "Losses per token don't compare: a token of BPE is worth several letters. In bits per byte they do. "
        "Choose that unit above the chart, and see who needs fewer.",
        "tiny",
        (
            ("characters", {"tokenizer": "char"}),
            ("BPE of 512 tokens", {"tokenizer": "bpe:512"}),
        ),
        {**SHORT, "n_ctx": "128"},
    ),
    Experiment(
        "beats-ngram",
        "Does it beat the n-gram?",
        "The best that counting can do on unseen text is the lowest of the dashed lines. One narrow layer, "
        "and three wider ones: which of them passes it, and after how many steps?",
        "fast",
        (
            ("one narrow layer", {"n_layers": "1", "d_model": "32"}),
            ("three layers", {}),
        ),
        {"steps": "800"},
    ),
)

EXPERIMENTS = {each.name: each for each in _ALL}


def experiment(name: str) -> Experiment:
    """Return the experiment of a name; raises ConfigError naming those there are."""
    if name not in EXPERIMENTS:
        raise ConfigError(f"experiment must be one of {', '.join(EXPERIMENTS)}, but it is {name!r}.")
    return EXPERIMENTS[name]
