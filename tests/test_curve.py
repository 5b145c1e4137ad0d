import json

import numpy as np
import pytest

from playground.ui.monitor import curve
from playground.ui.monitor.curve import (
    KEYS,
    TICK,
    Levels,
    Size,
    column,
    columns,
    notes_of,
    read_records,
    read_table,
)
from playground.ui.monitor.small_charts import LINES

ALL = Size(10_000, 10_000, 10_000, growing=True)


def records(n, **more):
    rng = np.random.default_rng(0)
    losses = 3 + rng.normal(size=n)
    return [
        {"step": i + 1, "tokens_seen": 10 * (i + 1), "elapsed_s": i / 7, "train_loss": float(loss), **more}
        for i, loss in enumerate(losses)
    ]


def table(rows):
    return {key: column(rows, key) for key in KEYS}


def test_buckets_hold_the_mean_and_both_ends_of_their_steps():
    rows = records(5000)
    train = columns(table(rows), Size(400, 50, 50, growing=True), Levels())["train"]
    assert len(train["n"]) <= 420
    losses, start = np.array([row["train_loss"] for row in rows]), 0
    for i, n in enumerate(train["n"]):
        part = losses[start : start + n]
        assert train["mean"][i] == pytest.approx(part.mean(), abs=1e-4)
        assert (train["low"][i], train["high"][i]) == pytest.approx((part.min(), part.max()), abs=1e-4)
        start += n
        assert train["step"][i] == start, "a bucket stands where its last step is"
        assert train["tokens_seen"][i] == 10 * start
    assert start == 5000


def test_few_records_are_sent_as_they_are():
    train = columns(table(records(30)), ALL, Levels())["train"]
    assert train["n"] == [1] * 30
    assert train["mean"] == train["low"] == train["high"]


def test_small_charts_take_what_the_table_names_and_leave_out_what_is_not_there():
    rows = records(100, lr=1e-3, grad_norm=1.0, unheard_of=3)
    rows[40]["grad_norm"] = 50.0
    small = columns(table(rows), Size(100, 10, 10, growing=False), Levels())["small"]
    assert set(small) == {"step", "tokens_seen", "elapsed_s", "lr", "grad_norm"}
    assert len(small["lr"]) == 10
    assert small["lr"] == pytest.approx([1e-3] * 10)
    assert max(small["grad_norm"]) == 50.0, "a peak of the gradient is not averaged away"
    assert len({line.key for line in LINES}) == len(LINES)


def test_numbers_are_sent_in_four_digits_as_printing_rounds_them():
    rng = np.random.default_rng(0)
    values = [
        0.0,
        9.99995,
        -3.14159,
        1e300,
        1e-300,
        *(rng.normal(size=500) * 10.0 ** rng.integers(-12, 13, 500)),
    ]
    rows = [{**row, "lr": value} for row, value in zip(records(505), values, strict=True)]
    sent = columns(table(rows), ALL, Levels())["small"]["lr"]
    assert sent == [float(f"{value:.4g}") for value in values]


def test_evaluations_are_measured_against_the_lines():
    rows = [{"step": 0, "val_loss": 6.0, "val_accuracy": 0.1}, *records(20), {"step": 21, "val_loss": 2.5}]
    val = columns(table(rows), ALL, Levels(ngram=3.0, floor=2.0))["val"]
    assert val["step"] == [0, 21]
    assert val["above_ngram"] == [3.0, -0.5]
    assert val["above_floor"] == [4.0, 0.5]
    assert val["val_accuracy"] == [0.1, None]
    assert "above_floor" not in columns(table(rows), ALL, Levels(ngram=3.0))["val"]


def test_nothing_makes_no_columns_but_empty_ones():
    empty = columns(table([]), TICK, Levels())
    assert empty["train"]["step"] == empty["small"]["step"] == empty["val"]["step"] == []
    assert notes_of(empty, {}) == []


def test_the_quick_reader_and_the_careful_one_agree(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"ste')
    whole, cursor = read_records(path)
    assert whole == [{"step": 1}, {"step": 2}]
    path.write_text('{"step": 1}\n{"step": 2}\ngarbled\n{"step": 3, "loss": NaN}\n')
    later, end = read_records(path, cursor)
    assert [record["step"] for record in later] == [3]
    assert read_records(path, end) == ([], end)


@pytest.mark.parametrize(
    "spoiler", ["", '{"step": 9, "train_loss": NaN}\n', '{"step": 9, "lr": "x"}\n', "[1\n"]
)
def test_large_files_are_read_to_the_same_columns(tmp_path, monkeypatch, spoiler):
    path = tmp_path / "metrics.jsonl"
    rows = records(500, lr=1e-3)
    for i in range(0, 500, 50):
        rows[i]["val_loss"] = 2 if i == 250 else 2.5  # whole or not, it is a number
    lines = [json.dumps(row) + "\n" for row in rows]
    path.write_text("".join([*lines[:300], spoiler, *lines[300:], '{"st']))
    careful, end = read_table(path)
    monkeypatch.setattr(curve, "LARGE_BYTES", 0)
    monkeypatch.setattr(curve, "BLOCK_BYTES", 5000)
    quick, same_end = read_table(path)
    assert end == same_end
    assert quick.keys() == careful.keys()
    for key, values in careful.items():
        np.testing.assert_array_equal(quick[key], values)
    assert len(read_table(path, end)[0]["step"]) == 0


@pytest.mark.parametrize("large", [1, 1 << 30])
def test_one_number_of_a_list_is_a_column_however_the_file_is_read(tmp_path, monkeypatch, large):
    monkeypatch.setattr(curve, "LARGE_BYTES", large)
    rows = records(4)
    rows[1] |= {"val_loss": 2.0, "kl_bigram": 0.5, "position_loss": [3.0, None]}
    rows[3] |= {"val_loss": 1.0, "kl_bigram": 0.7, "position_loss": [2.0, 1.0, 0.5]}
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, _ = read_table(tmp_path / "metrics.jsonl")
    np.testing.assert_array_equal(found["position_loss.0"], [np.nan, 3, np.nan, 2])
    np.testing.assert_array_equal(found["position_loss.1"], [np.nan, np.nan, np.nan, 1])
    np.testing.assert_array_equal(found["position_loss.7"], [np.nan] * 4)
    val = columns(found, ALL, Levels())["val"]
    assert (val["kl_bigram"], val["position_loss.2"]) == ([0.5, 0.7], [None, 0.5])
