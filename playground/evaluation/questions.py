"""Questions with known answers, from records: a prompt for each, zero-shot or after examples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playground.config import DataConfig
from playground.corpora.hub import pinned
from playground.corpora.hub_access import open_splits, record_columns
from playground.corpora.hub_catalogue import with_preset
from playground.corpora.readers import RECORDS, Record, columns_of
from playground.corpora.templates import Template, as_text, record_template
from playground.evaluation.final_numbers import MARK, last_number, number_after

TEMPLATE = "Question: {question}\\nAnswer: {answer}"
BETWEEN = "\n\n"
"""Stands between examples, and before the question."""


class QuestionError(ValueError):
    """Questions that can't be asked; the message is one sentence."""


@dataclass(frozen=True)
class QuestionSource:
    """Records of a file or of a dataset, and how they become questions."""

    file: str = ""
    """A .jsonl, .csv, .tsv or .parquet file of records."""
    hub: str = ""
    """Id of a dataset on the Hub, in place of a file."""
    hub_config: str = ""
    """Configuration of the dataset; empty: its default."""
    hub_split: str = "test"
    """Split of the dataset."""
    template: str = TEMPLATE
    """How a record becomes a text; the last field is the answer, and what stands before it is the prompt."""
    mark: str = MARK
    """What stands before the number of an answer; without it in a record, the answer's last number counts."""
    shots: int = 0
    """Examples with their answers before each question: the first records, which then aren't asked."""
    max_questions: int = 0
    """Questions that are asked, from the first on; 0: all."""

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.hub):
            raise QuestionError("Name the questions: a file of records, or a dataset of the Hub.")
        if self.shots < 0 or self.max_questions < 0:
            raise QuestionError("shots and max_questions must be 0 or more.")
        if not self.mark.strip():
            raise QuestionError("mark is empty: name what stands before the number of an answer, as ####.")

    @property
    def name(self) -> str:
        """A short name of where they are from."""
        return Path(self.file).name if self.file else f"{self.hub} ({self.hub_split})"


@dataclass(frozen=True)
class Question:
    """What the model reads, and the number that should come out."""

    number: int
    """Of its record, from 1."""
    text: str
    """The record up to its answer."""
    prompt: str
    """The same after the examples."""
    expected: str
    stop: str = ""
    """Where this comes in an answer, the model begins a question of its own."""


def read_questions(source: QuestionSource) -> list[Question]:
    """Return the questions of a source.

    Raises QuestionError, or the error of a file, dataset or template, in one sentence.
    """
    wanted = source.shots + source.max_questions if source.max_questions else None
    records = list(itertools.islice(_records(source), wanted))
    template = Template(source.template)
    if len(records) <= source.shots:
        raise QuestionError(
            f"{source.name} has {len(records)} records, and the first {source.shots} are examples: "
            "none is left to ask."
        )
    examples = [str(template.fill(record)).strip() for record in records[: source.shots]]
    asked = enumerate(records[source.shots :], start=source.shots + 1)
    return [_question(number, record, template, examples, source) for number, record in asked]


def _question(
    number: int, record: Record, template: Template, examples: list[str], source: QuestionSource
) -> Question:
    answer = as_text(record.get(template.fields[-1]))
    expected = number_after(answer, source.mark) or last_number(answer)
    if expected is None:
        raise QuestionError(
            f"{source.name}: the answer of record {number} has no number, in column {template.fields[-1]!r}."
        )
    text = before_answer(template, record)
    begin = template.parts[0][0].strip()
    return Question(
        number, text, BETWEEN.join([*examples, text]), expected, f"\n{begin}" if begin else BETWEEN
    )


def before_answer(template: Template, record: Record) -> str:
    """Return a record's text up to its last field, without blanks at the end: tokens begin with a blank."""
    last = max(place for place, (_, field) in enumerate(template.parts) if field is not None)
    parts = [
        literal + (as_text(record.get(field)) if field is not None and place < last else "")
        for place, (literal, field) in enumerate(template.parts[: last + 1])
    ]
    return "".join(parts).rstrip(" ")


def _records(source: QuestionSource) -> Iterator[Record]:
    if source.hub:
        yield from _hub_records(source)
        return
    path = Path(source.file)
    read = RECORDS.get(path.suffix.lower())
    if not path.is_file():
        raise QuestionError(f"There is no file {source.file!r}.")
    if read is None:
        raise QuestionError(f"{path.name} has no records: questions are read from {', '.join(RECORDS)}.")
    columns = columns_of(path)
    if not columns:
        raise QuestionError(f"{path.name} is empty: there is no record in it.")
    template = record_template(columns, "", source.template, path.name)
    yield from read(path, template.fields, "")


def _hub_records(source: QuestionSource) -> Iterator[Record]:
    config = DataConfig(
        corpus="hub",
        hub=source.hub,
        hub_config=source.hub_config,
        hub_split=source.hub_split,
        template=source.template,
    )
    config = pinned(with_preset(config))
    with open_splits(config) as splits:
        for split in splits.chosen:
            template = record_template(record_columns(split), "", source.template, source.hub)
            yield from split.select_columns(template.fields)
