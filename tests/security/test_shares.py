"""Threat 11: more than one's share; and that no threat is without its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from playground import runs
from tests.app_process import ROOT
from tests.hand_made import Stranger
from tests.security import OTHER

VARY = [
    ["steps", "41"], ["n_layers", "1000"], ["batch_size", "1000000"], ["processes", "2"],
    ["check_memory", "no"],
]  # fmt: skip


@pytest.mark.parametrize("vary", VARY, ids=lambda vary: vary[0])
def test_11_more_than_one_s_share_is_refused(app, vary):
    before = runs.list_runs(app.runs)
    request = {"action": "sweep", "base": "preset:tiny", "vary": [vary]}
    steps = {} if vary[0] == "steps" else {"steps": 40}
    answer = Stranger(app.url, OTHER).server("run-book", "act", {**request, **steps}).json
    assert " here" in answer["error"]
    assert runs.list_runs(app.runs) == before


def test_every_line_of_the_threat_model_has_its_test():
    lines = re.findall(r"^(\d+)\. \*\*", (ROOT / "SECURITY.md").read_text(), re.M)
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert lines == [str(n + 1) for n in range(len(lines))]
    assert set(lines) == set(re.findall(r"^def test_(\d+)_", tests, re.M))
