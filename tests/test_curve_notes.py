import math
import random

import pytest

from playground.curve_notes import curve_notes

LINES = {"uniform": 6.0, "unigram": 5.0, "bigram": 3.0, "trigram": 2.0, "floor": None}
HELD_OUT = {"unigram": 5.1, "bigram": 3.1, "trigram": 2.5, "4-gram": 2.6}
BASELINES = {**LINES, "held_out": HELD_OUT}


def run_of(loss, steps=400, val=None, lr=lambda step: 1e-3, noise=0.02, eval_every=20):
    """Records of a run whose training loss is loss(step) and some noise."""
    draw = random.Random(0)
    records = []
    for step in range(1, steps + 1):
        record = {"step": step, "train_loss": loss(step) + draw.gauss(0, noise), "lr": lr(step)}
        if step % eval_every == 0:
            record["val_loss"] = (val or loss)(step)
        records.append(record)
    return records


def rules(records, baselines=BASELINES):
    return {note.rule: note for note in curve_notes(records, baselines)}


def falling(step, to=1.5, tau=60):
    return to + (6.0 - to) * math.exp(-step / tau)


def test_a_healthy_run_is_told_what_it_beats_and_nothing_else():
    notes = rules(run_of(lambda s: falling(s, tau=150)))
    assert set(notes) == {"under_trigram"}
    note = notes["under_trigram"]
    first_below = next(s for s in range(20, 401, 20) if falling(s, tau=150) < 2.5)
    assert (note.step, note.kind) == (first_below, "good")
    assert f"since step {first_below}:" in note.text
    assert "2.50" in note.evidence


def test_the_strongest_line_beaten_is_the_lowest_not_the_highest_order():
    notes = rules(run_of(lambda s: max(2.55, falling(s)), eval_every=50))
    assert "under_4-gram" in notes, "the 4-gram is beaten at 2.55, the trigram, which is lower here, is not"
    assert "under_trigram" not in notes


def test_a_line_that_was_left_and_passed_again_counts_from_the_last_time():
    val = {50: 2.9, 100: 3.3, 150: 2.8, 200: 2.7}
    records = run_of(lambda s: 3.0, steps=200, val=val.get, eval_every=50)
    assert rules(records)["under_bigram"].step == 150
    below_from_the_start = run_of(lambda s: 3.0, steps=200, val=lambda s: 2.9, eval_every=50)
    assert rules(below_from_the_start)["under_bigram"].step == 50


def test_at_the_unigram_line():
    notes = rules(run_of(lambda s: falling(s, to=5.0, tau=10), steps=150))
    assert "does not use the context" in notes["at_unigram"].text
    assert "5.00" in notes["at_unigram"].evidence
    assert "stalled" not in notes, "one reason is enough"
    assert "at_unigram" not in rules(run_of(lambda s: falling(s, tau=10), steps=150))


def test_learning_rate_too_high():
    def loss(step):
        return falling(step, tau=20) if step < 100 else 4.5

    note = rules(run_of(loss, steps=200, lr=lambda s: 0.03, noise=1e-4))["lr_too_high"]
    assert note.kind == "warning"
    assert 80 <= note.step <= 100
    assert "0.03" in note.evidence
    assert "4.50" in note.evidence


def test_a_single_spike_or_plain_noise_is_no_alarm():
    spiky = run_of(falling)
    spiky[200]["train_loss"] = 9.0
    noisy = run_of(falling, noise=0.3)
    assert "lr_too_high" not in rules(spiky)
    assert "lr_too_high" not in rules(noisy)


def test_learning_rate_too_low():
    note = rules(run_of(lambda s: 6.0 - 0.001 * s, steps=300, noise=1e-4))["lr_too_low"]
    assert "0.29 nats in 300 steps" in note.evidence
    assert "lr_too_low" not in rules(run_of(falling))
    assert "lr_too_low" not in rules(run_of(lambda s: 6.0, steps=300)), "what doesn't fall is another matter"


def test_overfitting():
    def val(step):
        return falling(step) if step <= 160 else falling(160) + 0.004 * (step - 160)

    note = rules(run_of(lambda s: falling(s, to=0.5), val=val))["overfitting"]
    assert (note.step, note.kind) == (160, "warning")
    assert "step 160" in note.evidence
    both_rise = run_of(lambda s: val(s), val=val)
    assert "overfitting" not in rules(both_rise)


def test_stalled():
    flat = run_of(lambda s: falling(s, to=2.7, tau=20), steps=300)
    assert "noise" in rules(flat)["stalled"].evidence
    assert "stalled" not in rules(run_of(lambda s: falling(s, tau=150), steps=300))
    at_the_end = run_of(lambda s: falling(s, to=2.7, tau=20), 300, lr=lambda s: 1e-3 * (1 - s / 301))
    assert "stalled" not in rules(at_the_end), "a rate that has gone to zero is meant to stand still"
    at_the_floor = {**BASELINES, "floor": 2.65}
    assert "stalled" not in rules(flat, at_the_floor)


def test_near_the_floor():
    notes = rules(run_of(lambda s: falling(s, to=1.5, tau=20)), {**BASELINES, "floor": 1.4})
    assert "Within 0.10 nats" in notes["near_floor"].text
    assert "near_floor" not in rules(run_of(lambda s: falling(s, to=2.4)), {**BASELINES, "floor": 1.4})


@pytest.mark.parametrize("records", [[], [{}], [{"step": 1}], [{"step": 1, "train_loss": 3.0}]])
@pytest.mark.parametrize("baselines", [{}, {"held_out": 3, "floor": "x"}, BASELINES])
def test_a_run_that_has_just_begun_says_nothing(records, baselines):
    assert curve_notes(records, baselines) == []


def test_values_that_are_no_numbers_are_passed_over():
    records = run_of(falling)
    records[5] |= {"train_loss": math.nan}
    records[6] |= {"train_loss": None, "step": "x"}
    records[19] |= {"val_loss": math.inf}
    assert rules(records).keys() == rules(run_of(falling)).keys()
