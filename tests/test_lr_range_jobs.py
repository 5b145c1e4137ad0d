import dataclasses
import json
import time

import pytest

from playground.ui import lr_range_jobs
from playground.ui.data_form import default_data
from playground.ui.lr_range_jobs import RangeTests
from playground.ui.lr_range_view import range_html
from playground.ui.lr_range_wiring import range_look
from playground.ui.train_form import Form

SMALL = {"model.d_model": 16, "model.n_ctx": 16, "train.batch_size": 2, "train.threads": 1}


def form(**data):
    start = dataclasses.replace(default_data("char"), corpus="text", own_text="the cat sat. " * 60)
    return Form(dataclasses.replace(start, **data), "tiny", changes=SMALL)


def until_over(test):
    deadline = time.monotonic() + 90
    while test.is_on:
        assert time.monotonic() < deadline
        test.look()
        time.sleep(0.05)


def test_a_test_of_pasted_text_runs_to_its_end_and_leaves_nothing(monkeypatch):
    tests = RangeTests()
    monkeypatch.setattr("playground.ui.lr_range_wiring.TESTS", tests)
    tests.begin("a", form())
    test = tests.find("a")
    tests.begin("b", form())
    assert "Another page" in tests.find("b")
    until_over(test)
    assert test.error == ""
    assert test.found["suggestion"] > 0
    test.child.wait()
    deadline = time.monotonic() + 5
    while test.folder.exists():
        assert time.monotonic() < deadline
    answer = json.loads(range_look("a"))
    assert answer["over"]
    assert "<svg" in answer["html"]
    assert "data-settings-change" in answer["html"]


def test_a_cancelled_test_is_over_and_its_child_is_gone():
    tests = RangeTests()
    tests.begin("a", form())
    test = tests.find("a")
    test.cancel()
    assert test.child.wait(10) != 0
    assert test.error == "Cancelled."


def test_a_test_that_nobody_looks_at_is_ended(monkeypatch):
    monkeypatch.setattr(lr_range_jobs, "ABANDONED_SECONDS", 0.1)
    tests = RangeTests()
    tests.begin("a", form())
    assert tests.find("a").child.wait(10) != 0


@pytest.mark.parametrize(
    ("data", "words"),
    [({"own_text": ""}, "no text"), ({"val_percent": 90, "split": "other"}, "val_fraction")],
)
def test_what_can_not_be_tested_is_said(data, words):
    tests = RangeTests()
    tests.begin("a", form(**data))
    assert words in tests.find("a")


def test_the_picture_shows_every_loss_and_the_suggestion():
    trials = [{"step": i, "lr": 10.0 ** (i - 5), "loss": 4.0 - 0.1 * i, "smoothed": 4.0} for i in range(6)]
    trials.append({"step": 6, "lr": 10.0, "loss": float("nan"), "smoothed": float("nan")})
    found = {"suggestion": 0.01, "lowest_at": 0.1, "diverged_at": 10.0, "why": "<b>because</b>"}
    picture = range_html(trials, found, 1e-5, 10.0)
    assert picture.count("<circle") == 6
    assert "pg-range-mark" in picture
    assert "&lt;b&gt;" in picture
    assert "pg-range-mark" not in range_html(trials, None, 1e-5, 10.0)
