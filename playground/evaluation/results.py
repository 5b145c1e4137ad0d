"""What evaluations found, kept with the run: a line each in evaluations.jsonl, and every answer beside it."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground.evaluation.answers import Answered, as_record
from playground.files import read_json_lines, write_text_atomic
from playground.locks import hold

FILE, FOLDER = "evaluations.jsonl", "evaluations"


def save_evaluation(run: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Add an evaluation to those of a run, and return it with its id and the time."""
    record = {"id": uuid.uuid4().hex[:12], "time": time.time(), **record}
    with hold(run / f".{FILE}.lock"):
        lines = (run / FILE).read_text(encoding="utf-8") if (run / FILE).is_file() else ""
        write_text_atomic(run / FILE, lines + json.dumps(record) + "\n", durable=True)
    return record


def save_answers(run: Path, record: dict[str, Any], answers: Sequence[Answered]) -> dict[str, Any]:
    """Add an evaluation to those of a run, with all its answers in a file of their own."""
    name = uuid.uuid4().hex[:12]
    (run / FOLDER).mkdir(exist_ok=True)
    lines = [json.dumps(as_record(answer)) for answer in sorted(answers, key=lambda answer: answer.number)]
    write_text_atomic(run / FOLDER / f"{name}.jsonl", "".join(line + "\n" for line in lines), durable=True)
    return save_evaluation(run, {"id": name, **record})


def read_evaluations(run: Path) -> list[dict[str, Any]]:
    """Return the evaluations of a run, oldest first."""
    return read_json_lines(run / FILE)[0]


def read_answers(run: Path, name: str) -> list[dict[str, Any]]:
    """Return the answers of an evaluation by its id; none if it has none."""
    if not re.fullmatch(r"[0-9a-f]{12}", name):
        return []
    return read_json_lines(run / FOLDER / f"{name}.jsonl")[0]
