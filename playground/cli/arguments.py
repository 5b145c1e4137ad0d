"""The flags of every command, built from the config dataclasses: every value of every config is one."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import tyro

from playground import presets
from playground.config import DataConfig, ModelConfig, OptimConfig, SampleConfig, TrainConfig

PROG = "python -m playground"
Flat = tyro.conf.arg(name="")
Args = TypeVar("Args")


class UsageError(Exception):
    """Arguments that can't be followed; the message is one sentence."""


@dataclass(frozen=True)
class TextArgs:
    """Which text, and how it is cut into tokens."""

    text: str = ""
    """A UTF-8 text file."""
    corpus: str = "toy-stories"
    """A built-in corpus; `corpora` lists them."""
    tokenizer: str = "bpe:512"
    """char, byte, or bpe:N."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""

    def data(self) -> DataConfig:
        """Return these choices as a config."""
        if self.text:
            return DataConfig(corpus="text", text_file=self.text, tokenizer=self.tokenizer)
        return DataConfig(corpus=self.corpus, tokenizer=self.tokenizer)


@dataclass(frozen=True)
class TokenizeArgs(TextArgs):
    """Cut text into tokens and print them with their ids and bytes."""

    input: str = ""
    """The text to cut; without it, standard input."""


@dataclass(frozen=True)
class TrainArgs:
    """Train a model in a run folder."""

    model: Annotated[ModelConfig, Flat]
    data: Annotated[DataConfig, Flat]
    optim: Annotated[OptimConfig, Flat]
    train: Annotated[TrainConfig, Flat]
    sample: SampleConfig
    run: str = ""
    """Run folder; an existing one with a config is trained by that config. Default: a new one."""
    preset: str = presets.DEFAULT_PRESET
    """Settings to begin with; flags change single ones."""
    text: str = ""
    """A UTF-8 text file to learn, in place of a corpus."""
    resume: tyro.conf.FlagCreatePairsOff[bool] = False
    """Go on from the run's last checkpoint."""


@dataclass(frozen=True)
class SampleArgs:
    """Write text with a trained model."""

    run: str
    """Name of a run, or its folder."""
    prompt: str = ""
    """The text to go on from; without it, the run's first fixed prompt."""
    step: int = -1
    """Checkpoint to use; -1: the newest."""
    settings: Annotated[SampleConfig, Flat] = field(default_factory=lambda: SampleConfig(max_tokens=200))


@dataclass(frozen=True)
class CorporaArgs:
    """List the built-in corpora."""

    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""


@dataclass(frozen=True)
class RunsArgs:
    """List the runs, or stop one."""

    stop: str = ""
    """Name of a run to stop."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""


def parse(kind: type[Args], argv: Sequence[str], command: str, default: Args | None = None) -> Args:
    """Build arguments from flags; raises UsageError with one sentence, exits for --help."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, args=list(argv), prog=f"{PROG} {command}", default=default)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise UsageError(one_sentence(said.getvalue())) from None


def one_sentence(framed: str) -> str:
    """Return the message of tyro's error text, which stands in a frame with a title and hints around it."""
    boxed = "│" in framed
    sections: list[list[str]] = [[]]
    for line in framed.splitlines():
        text = line.strip("│ \n")
        if text and set(text) <= set("─-╭╮╰╯"):
            sections.append([])
        elif text and not line.startswith("╭"):
            sections[-1].append(text)
    messages = [" ".join(section) for section in sections if section]
    if not messages:
        return framed.strip()
    # Without a frame (a terminal that shows ASCII alone) the title is a section of its own.
    return messages[0 if boxed or len(messages) == 1 else 1]
