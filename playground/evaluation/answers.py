"""Answer accuracy: every question asked once, many at a time, and the number in each answer compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from playground.config import ConfigError
from playground.evaluation.batched import greedy
from playground.evaluation.final_numbers import MARK, last_number, number_after
from playground.evaluation.questions import Question
from playground.models import Model
from playground.tokenizers import Tokenizer

TooLong = Literal["cut", "skip"]


@dataclass(frozen=True)
class AnswerSettings:
    """How questions are asked; answers are greedy, so that they come out the same every time."""

    max_tokens: int = 256
    """Longest answer."""
    batch_size: int = 16
    """Questions that are answered at once."""
    too_long: TooLong = "cut"
    """Prompts that leave no room in the context for an answer. cut: their beginning is left out; skip: they
    are not asked."""

    def __post_init__(self) -> None:
        for name in ("max_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, but it is {getattr(self, name)!r}.")


@dataclass(frozen=True)
class Answered:
    """A question, and what the model made of it."""

    number: int
    question: str
    expected: str
    text: str
    """What the model wrote."""
    given: str | None
    """The number after the answer mark; None: it wrote no mark, or no number after it."""
    last: str | None
    """The last number it wrote anywhere."""
    n_tokens: int
    cut: bool = False
    """Whether the beginning of the prompt was left out."""
    skipped: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the number after the mark is the expected one."""
        return self.given == self.expected


def ask(
    model: Model,
    tokenizer: Tokenizer,
    questions: Sequence[Question],
    settings: AnswerSettings,
    mark: str = MARK,
) -> Iterator[Answered]:
    """Yield the answers as they come: questions of about the same length together, short ones first.

    An answer ends with the end token, with the line of its mark, or where a new question begins. Raises
    ConfigError if there is no room in the context for a prompt and an answer.
    """
    room = model.config.n_ctx - settings.max_tokens
    if room < 1:
        raise ConfigError(
            f"max_tokens is {settings.max_tokens}, but question and answer must fit into the "
            f"model's context of {model.config.n_ctx} tokens: ask for shorter answers."
        )
    prompts = [list(map(int, tokenizer.encode(question.prompt))) for question in questions]
    order = sorted(range(len(questions)), key=lambda place: min(len(prompts[place]), room))
    order = [place for place in order if prompts[place]]
    skipped = [place for place in order if settings.too_long == "skip" and len(prompts[place]) > room]
    skipped += [place for place in range(len(questions)) if not prompts[place]]
    for place in skipped:
        yield _answered(questions[place], "", mark, 0, skipped=True)
    asked = [place for place in order if place not in set(skipped)]
    for start in range(0, len(asked), settings.batch_size):
        group = asked[start : start + settings.batch_size]
        ends = [_End(tokenizer, questions[place].stop, mark) for place in group]
        rows = [prompts[place][-room:] for place in group]
        written = greedy(model, rows, settings.max_tokens, lambda row, tokens, ends=ends: ends[row](tokens))
        for place, end, tokens in zip(group, ends, written, strict=True):
            cut = len(prompts[place]) > room
            yield _answered(questions[place], end.text(tokens), mark, len(tokens), cut=cut)


class _End:
    """Tells whether an answer is complete."""

    def __init__(self, tokenizer: Tokenizer, stop: str, mark: str) -> None:
        self.tokenizer, self.stop, self.mark = tokenizer, stop, mark

    def __call__(self, tokens: list[int]) -> bool:
        if tokens[-1] == self.tokenizer.end_id:
            return True
        text = self.tokenizer.decode(tokens)
        _, marked, rest = text.partition(self.mark)
        return bool(self.stop and self.stop in text) or (bool(marked) and "\n" in rest.lstrip())

    def text(self, tokens: list[int]) -> str:
        """Return the answer, without what is no part of it."""
        text = self.tokenizer.decode(token for token in tokens if token != self.tokenizer.end_id)
        return text.partition(self.stop)[0] if self.stop else text


def _answered(
    question: Question, text: str, mark: str, n_tokens: int, cut: bool = False, skipped: bool = False
) -> Answered:
    return Answered(
        question.number, question.text, question.expected, text,
        number_after(text, mark), last_number(text), n_tokens, cut, skipped,
    )  # fmt: skip


def answer_scores(answers: Sequence[Answered]) -> dict[str, Any]:
    """Return the figures of all answers: accuracy with its standard error, and how many were what."""
    asked = [answer for answer in answers if not answer.skipped]
    right = sum(answer.is_right for answer in asked)
    accuracy = right / len(asked) if asked else 0.0
    return {
        "questions": len(asked),
        "right": right,
        "accuracy": accuracy,
        "standard_error": math.sqrt(accuracy * (1 - accuracy) / len(asked)) if asked else 0.0,
        "right_by_last_number": sum(answer.last == answer.expected for answer in asked),
        "marked": sum(answer.given is not None for answer in asked),
        "cut": sum(answer.cut for answer in asked),
        "skipped": len(answers) - len(asked),
    }


def as_record(answer: Answered) -> dict[str, Any]:
    """Return an answer as it is written down."""
    return {**asdict(answer), "right": answer.is_right}
