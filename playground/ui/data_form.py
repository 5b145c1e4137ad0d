"""What the Data tab's form says, as a DataConfig and as a text."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import runs
from playground.admission import check_names
from playground.config import ConfigError, DataConfig
from playground.corpora import CORPORA, Corpus, text_corpus
from playground.corpora.readers import is_table
from playground.files import write_text_atomic
from playground.limits import limits
from playground.sources import copy_text, corpus_of, held, source_name
from playground.splits import Report, ignore
from playground.ui.form_values import number, whole

OWN_TEXT, HUB, MEMORISE = "text", "hub", "memorise"
PASTED_FILE = "text.txt"
"""Pasted text is stored in the run folder under this name, so that the folder alone repeats the run."""

CORPUS_CHOICES = [(info.title, name) for name, info in CORPORA.items()] + [
    ("Hugging Face dataset", HUB),
    ("Your own text", OWN_TEXT),
]
TOKENIZER_CHOICES = [
    ("Characters", "char"),
    ("Bytes", "byte"),
    ("BPE, trained on this text", "bpe"),
    ("GPT-2", "gpt2"),
    ("A given alphabet", "alphabet"),
    ("Hugging Face tokenizer", "hf"),
    ("That of a run", "run"),
]
OTHER_SPLIT = "other"
SPLIT_CHOICES = [
    ("90 / 10", "10/0"),
    ("80 / 10 / 10", "10/10"),
    ("98 / 1 / 1", "1/1"),
    ("Other", OTHER_SPLIT),
]
"""Shares of training, validation and test; the value is what is held out."""

BATCH_CHOICES = [("Packed windows", "packed"), ("Padded documents", "padded")]
LOSS_CHOICES = [("All tokens", "all"), ("The answer only", "answer")]
LONG_CHOICES = [("Split them", "split"), ("Cut them", "cut"), ("Leave them out", "skip")]
"""What becomes of documents longer than the context."""


@dataclass(frozen=True)
class DataForm:
    """The values of the form, in the order of its components."""

    corpus: str
    parameter: float | None
    string: str
    own_text: str
    own_file: str | None
    hub: str
    hub_config: str | None
    hub_split: str | None
    max_documents: float | None
    max_megabytes: float | None
    column: str | None
    template: str
    tokenizer: str
    bpe_size: float | None
    alphabet: str
    hf_name: str
    split: str
    val_percent: float | None
    test_percent: float | None
    text_seed: float | None
    batches: str
    loss_on: str
    answer_after: str
    too_long: str

    def config(self) -> DataConfig:
        """Return the text part of a run's config; raises ConfigError naming the field that can't work."""
        val, test = self._fractions()
        config = DataConfig(
            corpus=self._spec(),
            **self._source(),
            tokenizer=self.tokenizer_spec(),
            val_fraction=val,
            test_fraction=test,
            batches="padded" if self.batches == "padded" else "packed",
            **self._learned(),
            text_seed=whole("Seed", self.text_seed),
        )
        bounds = limits()
        bounds.check("text_characters", len(self.own_text or ""), "The length of the text")
        check_names(config, bounds)
        return config

    def _learned(self) -> dict[str, Any]:
        """Return what is learned of the documents; a mark counts only where answers are."""
        answers = {"loss_on": "answer", "answer_after": self.answer_after or ""}
        return {"too_long": self.too_long or "split", **(answers if self.loss_on == "answer" else {})}

    def _source(self) -> dict[str, Any]:
        """Return the settings of own text or a dataset; an upload is named where it lies now."""
        fields = {"text_column": self.column or "", "template": self.template or ""}
        if self.corpus == OWN_TEXT:
            named = self.own_file or PASTED_FILE
            return {"text_file": named, **(fields if is_table(Path(named)) else {})}
        if self.corpus == MEMORISE:
            return {"string": self.string or ""}
        if self.corpus != HUB:
            return {}
        return {
            "hub": self.hub.strip(),
            "hub_config": (self.hub_config or "").strip(),
            "hub_split": (self.hub_split or "").strip() or "train",
            "max_documents": whole("Documents", self.max_documents),
            "max_bytes": round(1e6 * number("MB", self.max_megabytes)),
            **fields,
        }

    def _spec(self) -> str:
        """Return the corpus with its parameter, which is left out where it is the usual one."""
        parameter = CORPORA[self.corpus].parameter if self.corpus in CORPORA else None
        if parameter is None:
            return self.corpus
        value = whole(parameter.label, self.parameter)
        return self.corpus if value == parameter.default else f"{self.corpus}:{value}"

    def tokenizer_spec(self) -> str:
        """Return the tokenizer as DataConfig names it."""
        if self.tokenizer == "bpe":
            return f"bpe:{whole('BPE vocabulary', self.bpe_size)}"
        if self.tokenizer == "alphabet" and self.alphabet:
            return f"alphabet:{self.alphabet}"
        if self.tokenizer == "hf":
            if not self.hf_name.strip():
                raise ConfigError(
                    "Name a tokenizer of the Hugging Face Hub, as Qwen/Qwen3-0.6B, or a folder."
                )
            return f"hf:{self.hf_name.strip()}"
        if self.tokenizer == "run":
            return f"run:{self.hf_name.strip()}"
        return self.tokenizer

    def _fractions(self) -> tuple[float, float]:
        if self.split != OTHER_SPLIT:
            val, _, test = self.split.partition("/")
            return int(val) / 100, int(test) / 100
        val, test = number("Validation", self.val_percent), number("Test", self.test_percent)
        return val / 100, test / 100

    @property
    def is_empty(self) -> bool:
        """Whether own text or a dataset is chosen, but none is given yet."""
        if self.corpus == HUB:
            return not (self.hub or "").strip()
        return self.is_pasted and not (self.own_text or "").strip()

    @property
    def is_pasted(self) -> bool:
        """Whether the text is what stands in the box."""
        return self.corpus == OWN_TEXT and not self.own_file

    def key(self) -> str:
        """Return what two forms with the same text and the same cuts have in common."""
        pasted = self.own_text.encode("utf-8", "replace") if self.is_pasted else b""
        if self.tokenizer == "run":
            self._check_run()
        # Neither of these changes anything in a text.
        config = dataclasses.replace(self.config(), batches="packed", too_long="split")
        return repr((config, hashlib.blake2b(pasted).hexdigest()))

    def _check_run(self) -> None:
        """Raise ConfigError if the run whose tokenizer is meant is not there for whoever asks."""
        try:
            runs.find(runs.runs_root(), self.hf_name.strip())
        except runs.RunError as error:
            raise ConfigError(f"The tokenizer is that of a run, but: {error}") from error

    def text(self, report: Report = ignore) -> Corpus:
        """Return the chosen text; raises ValueError in one sentence if it can't be used."""
        if self.is_pasted:
            return text_corpus(self.own_text or "", name="Your text")
        return corpus_of(self.config(), report=report)

    def stored_config(self) -> DataConfig:
        """Return the config as it stands in a run, which holds a copy of own text."""
        return held(self.config())

    def store(self, run: Path) -> None:
        """Put own text into the run folder."""
        if self.is_pasted:
            write_text_atomic(run / PASTED_FILE, "".join(self.text().documents), durable=True)
        elif self.corpus == OWN_TEXT:
            copy_text(self.config(), self.stored_config(), run)

    def run_name(self) -> str:
        """Return a short name of the text for a run of it."""
        return "own-text" if self.corpus == OWN_TEXT else source_name(self.config())

    def summary(self) -> str:
        """Return in a line what is chosen in the Data tab."""
        own = ""
        if self.corpus == HUB:
            own = f"{self.hub.strip() or 'no dataset yet'}, "
        elif self.corpus == OWN_TEXT and self.own_file:
            own = f"{Path(self.own_file).name}, "
        elif self.corpus == OWN_TEXT and not self.is_empty:
            own = f"{len(self.own_text):,} characters pasted, "
        labels = {value: label for label, value in (*TOKENIZER_CHOICES, *SPLIT_CHOICES, *BATCH_CHOICES)}
        named = {"hf": self.hf_name or "hf", "run": f"tokens of {self.hf_name or 'a run'}"}
        if self.tokenizer == "bpe" and self.bpe_size:
            named["bpe"] = f"BPE {self.bpe_size:g}"
        tokenizer = named.get(self.tokenizer, labels[self.tokenizer])
        split = labels[self.split]
        if self.split == OTHER_SPLIT:
            val, test = self.val_percent or 0, self.test_percent or 0
            split = f"{100 - val - test:g} / {val:g} / {test:g}"
        answers = ", answers only" if self.loss_on == "answer" else ""
        return f"{own}{tokenizer}, {split}, {labels[self.batches].lower()}{answers}"


def default_data(tokenizer: str = "bpe:1024") -> DataForm:
    """Return the form as the page opens it, with the tokenizer of a preset."""
    kind, _, size = tokenizer.partition(":")
    return DataForm(
        corpus=DataConfig().corpus,
        parameter=0,
        string="",
        own_text="",
        own_file=None,
        hub="",
        hub_config="",
        hub_split="train",
        max_documents=0,
        max_megabytes=20,
        column=None,
        template="",
        tokenizer=kind,
        bpe_size=int(size or 512),
        alphabet="",
        hf_name="",
        split="10/0",
        val_percent=10,
        test_percent=0,
        text_seed=0,
        batches="packed",
        loss_on="all",
        answer_after="",
        too_long="split",
    )
