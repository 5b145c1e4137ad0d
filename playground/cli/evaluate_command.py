"""`evaluate`: runs scored on questions, on a text, or by lm-eval, side by side, and the results kept."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from playground.cli.arguments import EvaluateArgs, UsageError, parse
from playground.cli.run_folders import find_run

if TYPE_CHECKING:
    from playground.evaluation import Answered, QuestionSource
    from playground.loading import LoadedRun

Target = tuple[Path, int | None]
"""A run folder and a step; None: the newest."""


def evaluate(argv: Sequence[str]) -> int:
    """Score runs on questions, a text or lm-eval's tasks."""
    args = parse(EvaluateArgs, argv, "evaluate")
    wanted = [name for name in ("questions", "hub", "text", "corpus", "tasks") if getattr(args, name)]
    if not wanted:
        ways = "--questions FILE, --hub ID, --text FILE, --corpus NAME or --tasks NAME"
        raise UsageError(f"Say what to evaluate: {ways}.")
    if len(wanted) > 1:
        raise UsageError(f"--{wanted[0]} and --{wanted[1]} are two evaluations: do one after the other.")
    targets = [target(name, args.step) for name in args.run]
    score = {"tasks": _tasks, "text": _text_loss, "corpus": _text_loss}.get(wanted[0], _answers)
    records = []
    for run, step in targets:
        records.append({"run": run.name, **score(args, run, step)})
        if args.json:
            print(json.dumps(records[-1]), flush=True)
    if not args.json:
        print(table(records))
    return 0


def target(name: str, step: int) -> Target:
    """Return the run folder and the step that NAME or NAME@STEP means; raises RunError for no such run."""
    before, at, number = name.rpartition("@")
    if at and number.isdecimal():
        return find_run(before), int(number)
    return find_run(name), None if step < 0 else step


def _load(run: Path, step: int | None) -> LoadedRun:
    from playground.loading import load_run

    return load_run(run, step)


def _answers(args: EvaluateArgs, run: Path, step: int | None) -> dict[str, Any]:
    from playground.evaluation import AnswerSettings, ask, evaluate_answers, read_questions

    loaded = _load(run, step)
    source = question_source(args, loaded)
    settings = AnswerSettings(args.max_tokens, args.batch_size, args.too_long)
    questions = read_questions(source)
    answers = []
    with reporting(run, "question", args.json) as report:
        report(0, len(questions))
        for answer in ask(loaded.model, loaded.tokenizer, questions, settings, source.mark):
            answers.append(answer)
            report(len(answers), len(questions))
    record = evaluate_answers(run, loaded.step, source, settings, answers)
    if not args.json:
        _print_failures(f"{run.name}@{loaded.step}", answers, args.show)
    return record


def question_source(args: EvaluateArgs, loaded: LoadedRun) -> QuestionSource:
    """Return the questions that flags mean, by the run's own template where they name none."""
    from playground.evaluation import TEMPLATE, QuestionSource

    return QuestionSource(
        args.questions,
        args.hub,
        args.hub_config,
        args.hub_split,
        args.template or loaded.config.data.template or TEMPLATE,
        args.mark,
        args.shots,
        args.max_questions,
    )


def _print_failures(title: str, answers: Sequence[Answered], n: int) -> None:
    wrong = [answer for answer in answers if not answer.is_right and not answer.skipped][:n]
    for answer in sorted(wrong, key=lambda answer: answer.number):
        given = "no number after the mark" if answer.given is None else answer.given
        print(f"{title}, question {answer.number}: expected {answer.expected}, given {given}")
        print(f"{answer.question}{answer.text}\n{'-' * 20}")


def _text_loss(args: EvaluateArgs, run: Path, step: int | None) -> dict[str, Any]:
    from playground.config import DataConfig
    from playground.evaluation import evaluate_text
    from playground.sources import corpus_of, source_name

    loaded = _load(run, step)
    data = DataConfig(
        corpus="text" if args.text else args.corpus,
        text_file=args.text and str(Path(args.text).resolve()),
        template=args.template,
        max_bytes=args.max_bytes,
    )
    with reporting(run, "token", args.json) as report:
        return evaluate_text(run, loaded, corpus_of(data), source_name(data), args.stride, report)


@contextlib.contextmanager
def reporting(run: Path, unit: str, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told how far it is: a bar with rate and time left, or an object of JSON at a time."""
    if as_json:
        yield lambda done, total: print(
            json.dumps({"run": run.name, "unit": unit, "done": done, "total": total}), flush=True
        )
        return
    with tqdm(unit=unit, unit_scale=unit == "token", disable=None, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


def _tasks(args: EvaluateArgs, run: Path, step: int | None) -> dict[str, Any]:
    from playground.evaluation.harness import evaluate_tasks

    loaded = _load(run, step)
    limit = args.max_questions or None
    record = evaluate_tasks(run, loaded, args.tasks, args.tasks_from, args.shots, limit, args.batch_size)
    return record


def table(records: list[dict[str, Any]]) -> str:
    """Return evaluations of one kind as lines of text, a column for each run."""
    rows = [(name, [_cell(record.get(name)) for record in records]) for name in _names(records)]
    width = max(len(name) for name, _ in rows)
    heads = [f"{record['run']}@{record['step']}" for record in records]
    widths = [max(len(head), *(len(cells[i]) for _, cells in rows)) for i, head in enumerate(heads)]
    lines = [records[0]["data"], " " * width + _columns(heads, widths)]
    return "\n".join([*lines, *(f"{name:{width}}{_columns(cells, widths)}" for name, cells in rows)])


def _columns(cells: list[str], widths: list[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _names(records: list[dict[str, Any]]) -> list[str]:
    """Return the names of all figures, in the order in which they came."""
    hidden = {"run", "step", "id", "time", "kind", "data", "settings"}
    return list(dict.fromkeys(name for record in records for name in record if name not in hidden))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
