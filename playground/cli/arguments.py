"""The flags of every command, built from the config dataclasses: every value of every config is one."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar

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

    data: Annotated[DataConfig, Flat] = field(default_factory=lambda: DataConfig(tokenizer="bpe:512"))
    text: str = ""
    """A text file or a folder of them, in place of a corpus."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""

    def source(self) -> DataConfig:
        """Return the text that is meant."""
        return with_source(self.data, self.text)


@dataclass(frozen=True)
class TokenizeArgs(TextArgs):
    """Cut text into tokens and print them with their ids and bytes."""

    input: str = ""
    """The text to cut; without it, standard input."""


@dataclass(frozen=True)
class DocumentsArgs(TextArgs):
    """Show the first documents of a text, and how long documents are, without reading all."""

    show: int = 3
    """Documents that are shown."""


@dataclass(frozen=True)
class TrainArgs:
    """Train a model in a run folder.

    With --processes, several processes of this machine share every batch.

    For several machines, start this on each, with DIR on a disk that all see, and HOST one of them:

    torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29500 --rdzv-id NAME

    -m playground -- train --run DIR [FLAGS]
    """

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
    """A text file or a folder of them to learn, in place of a corpus."""
    resume: tyro.conf.FlagCreatePairsOff[bool] = False
    """Go on from the run's last checkpoint; with --steps or --patience, for longer than was planned."""
    source: Annotated[str, tyro.conf.arg(name="from")] = ""
    """Name or folder of a run to branch from: a new run goes on from its checkpoint, by its settings; flags
    change those of the optimizer, of training and of samples."""
    from_step: int = -1
    """Checkpoint to branch from; -1: the newest."""
    start_from: str = ""
    """A pretrained model to start with, by its name on the Hugging Face Hub or its folder: its shape and its
    tokenizer are taken, and --n-ctx may be less than its own."""
    start_revision: str = ""
    """Commit of that model; empty: the newest."""


@dataclass(frozen=True)
class EstimateArgs:
    """Predict parameters, memory, operations and time of a run; exit status 1 if it can't fit."""

    model: Annotated[ModelConfig, Flat]
    data: Annotated[DataConfig, Flat]
    optim: Annotated[OptimConfig, Flat]
    train: Annotated[TrainConfig, Flat]
    preset: str = presets.DEFAULT_PRESET
    """Settings to begin with; flags change single ones."""
    text: str = ""
    """A text file or a folder of them to learn, in place of a corpus."""
    memory_gb: float = 0.0
    """Memory of the device in 10^9 bytes; 0: of this machine."""
    tflops: float = 0.0
    """Peak of the device in 10^12 operations per second; 0: time is predicted for this machine."""
    mfu: float = 0.0
    """Share of that peak that the model uses, as 0.5; 0: all of it."""
    calibrate: tyro.conf.FlagCreatePairsOff[bool] = False
    """Measure this machine again; the first estimate does it anyway."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""


@dataclass(frozen=True)
class LrRangeArgs:
    """Find a learning rate: a few hundred steps at rising rates, and what they suggest."""

    model: Annotated[ModelConfig, Flat]
    data: Annotated[DataConfig, Flat]
    optim: Annotated[OptimConfig, Flat]
    train: Annotated[TrainConfig, Flat]
    run: str = ""
    """Name or folder of a run, whose settings and text are taken in place of a preset's."""
    preset: str = presets.DEFAULT_PRESET
    """Settings to begin with; flags change single ones."""
    text: str = ""
    """A text file or a folder of them to learn, in place of a corpus."""
    lowest: float = 1e-5
    """Learning rate of the first step."""
    highest: float = 10.0
    """Learning rate of the last step; the test ends before it where learning comes undone."""
    trials: int = 200
    """Steps of the test."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print an object of JSON for each step, and one with what was found."""


def with_source(data: DataConfig, text: str) -> DataConfig:
    """Return the settings with the text that --text or --hub names; a relative path is made whole.

    A dataset of the catalogue brings its configuration, split and columns along, where none are named.
    """
    if text and data.hub:
        raise UsageError(f"--text {text} and --hub {data.hub} are two texts: keep one.")
    if not text and data.corpus == "text":
        text = data.text_file
    if text:
        return dataclasses.replace(data, corpus="text", text_file=str(Path(text).resolve()))
    if not data.hub:
        return data
    from playground.corpora.hub_catalogue import with_preset

    return with_preset(dataclasses.replace(data, corpus="hub"))


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
class EvaluateArgs:
    """Score trained models: the answers to questions, the loss of a text, or tasks of lm-eval.

    Every result is kept in the run's folder, in evaluations.jsonl.
    """

    run: tuple[str, ...]
    """Name or folder of a run, or NAME@STEP; several are shown side by side, as before and after."""
    step: int = -1
    """Checkpoint of runs without @STEP; -1: the newest."""
    questions: str = ""
    """Questions with known answers: a .jsonl, .csv, .tsv or .parquet file of records."""
    hub: str = ""
    """Dataset of the Hub whose records are the questions, as openai/gsm8k."""
    hub_config: str = ""
    """Configuration of the dataset; empty: its default."""
    hub_split: str = "test"
    """Split of the dataset."""
    template: str = ""
    """How a record becomes a text, its last field the answer; empty: the run's template, else
    "Question: {question}\\nAnswer: {answer}"."""
    mark: str = "####"
    """What stands before the number of an answer."""
    shots: int = 0
    """Examples before each question: the first records, which then aren't asked."""
    max_questions: int = 0
    """Questions that are asked; 0: all."""
    max_tokens: int = 256
    """Longest answer."""
    batch_size: int = 16
    """Questions that are answered at once."""
    too_long: Literal["cut", "skip"] = "cut"
    """Prompts that leave no room for an answer. cut: their beginning is left out; skip: they aren't asked."""
    show: int = 3
    """Wrong answers that are printed."""
    text: str = ""
    """A text file, or a folder of them: its perplexity and bits per byte are measured."""
    corpus: str = ""
    """A built-in corpus, in place of a text file."""
    max_bytes: int = 0
    """Bytes of the text that are read; 0: all."""
    stride: int = 0
    """Tokens that each window on the text adds: a smaller stride gives more context; 0: half of n_ctx."""
    tasks: tuple[str, ...] = ()
    """Tasks of the package lm-eval, as arc_easy; `pip install lm-eval` first."""
    tasks_from: str = ""
    """Folder of tasks of your own, as lm-eval's YAML files."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print an object of JSON for each step forward, and one with the figures of each run."""


@dataclass(frozen=True)
class ExportArgs:
    """Write a run as a folder that Hugging Face's transformers opens, and push it to the Hub if asked.

    The token for --push is HF_TOKEN of the environment, or is asked for; it is not kept.
    """

    run: str
    """Name or folder of a run."""
    out: str = ""
    """Folder to write, or FILE.zip of one, not there yet; without it, a push leaves nothing here."""
    step: int = -1
    """Checkpoint to export; -1: the newest."""
    push: str = ""
    """Name on the Hub, as USER/NAME."""
    public: tyro.conf.FlagCreatePairsOff[bool] = False
    """Let everybody see what is pushed, if it is new there; else it is private."""


@dataclass(frozen=True)
class ImportArgs:
    """Open a pretrained model of Hugging Face as a run: `sample`, `evaluate` and the page open it."""

    hf: str
    """Name of a model on the Hub, as Qwen/Qwen3-0.6B, or a folder with one; safetensors only."""
    run: str = ""
    """Run folder to make. Default: one named after the model."""
    revision: str = ""
    """Commit or branch of the model; empty: the newest."""
    n_ctx: int = 0
    """Context; 0: the model's own, at most 1024."""
    look: tyro.conf.FlagCreatePairsOff[bool] = False
    """Only say how large it is; its weights are not fetched."""


@dataclass(frozen=True)
class CorporaArgs:
    """List the built-in corpora."""

    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""


@dataclass(frozen=True)
class RunsArgs:
    """List the runs, ask something of one that is under way, or keep order among the others."""

    stop: str = ""
    """Name of a run to stop."""
    pause: str = ""
    """Name of a run to pause."""
    resume: str = ""
    """Name of a paused run to go on with, or of a stopped one to start again from its last checkpoint."""
    set_lr: tuple[str, float] | None = None
    """Name of a run and its learning rate from now on."""
    cancel: str = ""
    """Name of a run to take out of the queue."""
    first: str = ""
    """Name of a waiting run that is to be the next one."""
    title: tuple[str, str] | None = None
    """Name of a run and the title that is shown for it."""
    note: tuple[str, str] | None = None
    """Name of a run and a note on it."""
    group: str = ""
    """Name of a sweep whose runs are shown as a table, the best first."""
    delete: str = ""
    """Name of a run to move to the trash, which keeps it for 14 days."""
    restore: str = ""
    """Name of a run to bring back from the trash."""
    empty_trash: tyro.conf.FlagCreatePairsOff[bool] = False
    """Delete for good what is in the trash."""
    pack: tuple[str, str] | None = None
    """Name of a run and the zip to write it to, which another playground imports."""
    unpack: str = ""
    """Zip of a run to import."""
    command: str = ""
    """Name of a run whose command line is printed."""
    script: str = ""
    """Name of a run for which a stand-alone Python script is printed."""
    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print JSON."""


def parse(
    kind: type[Args], argv: Sequence[str], command: str, default: Args | None = None, prog: str = PROG
) -> Args:
    """Build arguments from flags; raises UsageError with one sentence, exits for --help."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, args=list(argv), prog=f"{prog} {command}".strip(), default=default)
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
