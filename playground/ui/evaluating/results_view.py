"""What evaluations found, as HTML: figures side by side, and the answers that were wrong."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from typing import Any

SHOWN = 60
"""Questions of a table."""

FIGURES = {
    "accuracy": "Accuracy",
    "right": "Right",
    "questions": "Questions",
    "standard_error": "Standard error",
    "right_by_last_number": "Right by the last number",
    "marked": "With an answer mark",
    "cut": "Prompts cut",
    "skipped": "Skipped",
    "bits_per_byte": "Bits per byte",
    "perplexity": "Perplexity",
    "nats_per_token": "Nats per token",
    "tokens": "Tokens",
    "bytes": "Bytes",
    "stride": "Stride",
}
PERCENT = {"accuracy", "standard_error"}

Record = dict[str, Any]


def figures_html(records: Sequence[Record]) -> str:
    """Return the figures of evaluations of one kind, a column for each run."""
    names = [name for name in FIGURES if any(name in record for record in records)]
    head = "".join(f"<th>{html.escape(_title(record))}</th>" for record in records)
    rows = "".join(
        f"<tr><th>{FIGURES[name]}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for name, cells in ((name, [_figure(name, r.get(name)) for r in records]) for name in names)
    )
    return f'<div class="pg-scroll"><table class="pg-figures"><tr><th></th>{head}</tr>{rows}</table></div>'


def answers_html(titles: Sequence[str], answers: Sequence[Sequence[Record]]) -> str:
    """Return the questions that a run got wrong, or that two runs answered differently, with all answers."""
    by_number = [{answer["number"]: answer for answer in own} for own in answers]
    shared = sorted(set.intersection(*(set(own) for own in by_number)) if by_number else ())
    wrong = [n for n in shared if not all(own[n].get("right") for own in by_number)]
    if not shared:
        return ""
    if not wrong:
        return '<p class="pg-note">Every answer is right.</p>'
    cards = "".join(_card(titles, [own[n] for own in by_number]) for n in wrong[:SHOWN])
    more = f", of which these are the first {SHOWN}" if len(wrong) > SHOWN else ""
    note = f"{len(wrong)} of {len(shared)} questions were answered wrong{more}."
    changes = _changes(titles, by_number, shared)
    return f'<p class="pg-note">{note}</p>{changes}<div class="pg-answers">{cards}</div>'


def _changes(titles: Sequence[str], by_number: Sequence[dict[int, Record]], shared: Sequence[int]) -> str:
    """Say how many answers became right and wrong from the first run to the second."""
    if len(by_number) != 2:
        return ""
    first, second = ([bool(own[n].get("right")) for n in shared] for own in by_number)
    pairs = list(zip(first, second, strict=True))
    became = f"{pairs.count((False, True))} became right, {pairs.count((True, False))} became wrong"
    return f'<p class="pg-note">From {html.escape(titles[0])} to {html.escape(titles[1])}: {became}.</p>'


def _card(titles: Sequence[str], answers: Sequence[Record]) -> str:
    first = answers[0]
    parts = [
        f'<div class="pg-answer {"pg-right" if answer.get("right") else "pg-wrong"}">'
        f"<span>{html.escape(title)} · {_given(answer)}</span>"
        f"<pre>{html.escape(str(answer.get('text', '')))}</pre></div>"
        for title, answer in zip(titles, answers, strict=True)
    ]
    summary = f"Question {first['number']} · expected {html.escape(str(first.get('expected')))}"
    return (
        f"<details><summary>{summary} · {' · '.join(_given(answer) for answer in answers)}</summary>"
        f"<pre>{html.escape(str(first.get('question', '')))}</pre>{''.join(parts)}</details>"
    )


def _given(answer: Record) -> str:
    if answer.get("skipped"):
        return "not asked"
    return "gave no number" if answer.get("given") is None else f"gave {html.escape(str(answer['given']))}"


def history_html(records: Sequence[Record]) -> str:
    """Return the earlier evaluations of a run, newest first."""
    if not records:
        return ""
    rows = "".join(
        f"<tr><td>{time.strftime('%d %b %H:%M', time.localtime(record.get('time', 0)))}</td>"
        f"<td>{html.escape(str(record.get('data', '')))}</td><td>{record.get('step', '')}</td>"
        f"<td>{_main(record)}</td></tr>"
        for record in reversed(records[-20:])
    )
    head = "<tr><th>When</th><th>On</th><th>Step</th><th>Result</th></tr>"
    return f'<div class="pg-scroll"><table class="pg-figures">{head}{rows}</table></div>'


def _main(record: Record) -> str:
    if record.get("kind") == "answers":
        return f"{_figure('accuracy', record.get('accuracy'))} right of {record.get('questions')}"
    if record.get("kind") == "text":
        return f"{_figure('bits_per_byte', record.get('bits_per_byte'))} bits per byte"
    named = [
        f"{html.escape(name)} {value:.3f}"
        for name, value in record.items()
        if isinstance(value, float) and " " in name
    ]
    return ", ".join(named)


def _title(record: Record) -> str:
    return f"{record.get('run')}, step {record.get('step')}"


def _figure(name: str, value: Any) -> str:
    if not isinstance(value, (int, float)):
        return "–"
    if name in PERCENT:
        return f"{100 * value:.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
