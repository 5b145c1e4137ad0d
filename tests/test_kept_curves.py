import json
import os
import time

import pytest

from playground.bench.tick import append_points, long_run
from playground.ui.monitor import kept_curves
from playground.ui.monitor.curve import WHOLE, Levels, columns, read_table
from playground.ui.monitor.kept_curves import forget, notes_on, read_ahead, whole_curve

LEVELS = Levels(ngram=2.6, floor=0.5)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept_curves, "LARGE_BYTES", 1000)
    forget()
    return long_run(tmp_path, 300)


def rest(run, seconds=100.0):
    """Make a run's file look as if it had not grown for a while."""
    then = time.time() - seconds
    os.utime(run / "metrics.jsonl", (then, then))


def read_anew(run, levels=LEVELS):
    table, cursor = read_table(run / "metrics.jsonl")
    return json.loads(json.dumps(columns(table, WHOLE, levels))), cursor


@pytest.fixture
def readings(monkeypatch):
    """Return a list that grows with every file that is read."""
    read = []
    monkeypatch.setattr(kept_curves, "read_table", lambda path: read.append(path) or read_table(path))
    return read


def test_a_curve_is_read_once_for_as_long_as_its_file_is_the_same(run, readings):
    path = run / "metrics.jsonl"
    first = whole_curve(path, LEVELS)
    assert whole_curve(path, LEVELS) is first
    assert len(readings) == 1
    append_points(run, 300, 310)
    assert whole_curve(path, LEVELS)[0]["train"]["step"][-1] == 309
    assert whole_curve(path, LEVELS) == read_anew(run)


def test_another_start_of_the_app_finds_the_curve_of_a_run_that_rests(run, readings):
    rest(run)
    path = run / "metrics.jsonl"
    whole_curve(path, LEVELS)
    forget()
    assert whole_curve(path, LEVELS) == read_anew(run)
    assert len(readings) == 1
    other = Levels(ngram=1.0)
    assert whole_curve(path, other) == read_anew(run, other), "what it was measured against has changed"
    append_points(run, 300, 301)
    rest(run)
    assert whole_curve(path, other) == read_anew(run, other)


def test_a_run_that_grows_is_not_put_on_the_disk(run, tmp_path):
    whole_curve(run / "metrics.jsonl", LEVELS)
    assert not list(tmp_path.glob("cache/curves/*"))


@pytest.mark.parametrize("garbage", [b"", b"{", b"[1]", b'{"made_from": 3}', b"\xff"])
def test_a_kept_curve_that_is_garbled_is_read_anew(run, tmp_path, garbage):
    rest(run)
    path = run / "metrics.jsonl"
    whole_curve(path, LEVELS)
    (kept,) = tmp_path.glob("cache/curves/*.json")
    kept.write_bytes(garbage)
    forget()
    assert whole_curve(path, LEVELS) == read_anew(run)


def test_a_place_that_cannot_be_written_costs_nothing_but_time(run, tmp_path):
    (tmp_path / "cache").write_text("a file, no folder")
    rest(run)
    assert whole_curve(run / "metrics.jsonl", LEVELS) == read_anew(run)


def test_notes_of_a_run_that_trains_are_made_once_for_all_who_watch(run, readings, monkeypatch):
    monkeypatch.setattr(kept_curves, "NOTES_GROWTH", 100)
    append_points(run, 300, 1000)
    for step in range(1000, 1060):
        append_points(run, step, step + 1)
        notes_on(run, "epoch", active=True)
    assert 2 <= len(readings) < 10
    noted = notes_on(run, "epoch", active=False)
    assert {note["rule"] for note in noted} >= {"under_trigram"}
    append_points(run, 1060, 1061)
    before = len(readings)
    notes_on(run, "epoch", active=False)
    assert len(readings) == before + 1, "an end is noted at once"


def test_the_newest_runs_are_read_before_anybody_asks(run, tmp_path, readings):
    second = long_run(tmp_path, 20)
    read_ahead(tmp_path)
    assert set(readings) == {run / "metrics.jsonl", second / "metrics.jsonl"}
