"""Evaluations of a run, scored and kept in its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from playground.corpora import Corpus
from playground.evaluation.answers import Answered, AnswerSettings, answer_scores
from playground.evaluation.questions import QuestionSource
from playground.evaluation.results import save_answers, save_evaluation
from playground.evaluation.text_loss import text_loss, tokens_of
from playground.loading import LoadedRun


def evaluate_answers(
    run: Path, step: int, source: QuestionSource, settings: AnswerSettings, answers: Sequence[Answered]
) -> dict[str, Any]:
    """Score the answers of a run at a step, keep them in its folder, and return the record."""
    record = {
        "kind": "answers",
        "step": step,
        "data": source.name,
        "settings": asdict(source) | asdict(settings),
    }
    return save_answers(run, record | {"shots": source.shots} | answer_scores(answers), answers)


def evaluate_text(
    run: Path,
    loaded: LoadedRun,
    corpus: Corpus,
    name: str,
    stride: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Measure the loss of a run on a text, keep it in its folder, and return the record."""
    tokens = tokens_of(loaded.tokenizer, corpus.documents, corpus.whole_documents)
    loss = text_loss(loaded.model, loaded.tokenizer, tokens, stride, report)
    return save_evaluation(run, {
        "kind": "text", "step": loaded.step, "data": name, "nats_per_token": loss.nats,
        "bits_per_byte": loss.bits_per_byte, "perplexity": loss.perplexity, "tokens": loss.n_tokens,
        "bytes": loss.n_bytes, "stride": loss.stride, "windows": loss.n_windows,
    })  # fmt: skip
