import dataclasses
import math

import pytest

from playground.config import ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.progress import FAR_ABOVE_RECORDS, DivergedError, Progress
from playground.schedules import lr_at

CONFIG = RunConfig(
    model=ModelConfig(d_vocab=100), optim=OptimConfig(lr=0.1, lr_min=0.01, warmup_steps=10),
    train=TrainConfig(steps=100, patience=3),
)  # fmt: skip


def test_patience_counts_evaluations_without_a_better_one():
    progress = Progress()
    progress.note_evaluation(0.1)  # of the untrained model: nothing to be proud of
    assert progress.best_val_loss is None
    for step, loss in enumerate([3.0, 2.0, 2.0, 2.5], start=1):
        progress.step = step
        progress.note_evaluation(loss)
    assert (progress.best_val_loss, progress.best_step, progress.evaluations_since_best) == (2.0, 2, 2)
    assert not progress.is_out_of_patience(CONFIG)
    progress.note_evaluation(2.1)
    assert progress.is_out_of_patience(CONFIG)
    forever = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, patience=0))
    assert not progress.is_out_of_patience(forever)


def test_a_rate_set_by_hand_holds_at_once_and_falls_with_the_schedule():
    progress = Progress(step=40)
    progress.set_learning_rate(0.5)
    assert progress.learning_rate(CONFIG) == pytest.approx(0.5)
    for step in (41, 70, 99):
        progress.step = step
        share = lr_at(step, CONFIG.optim, 100) / lr_at(40, CONFIG.optim, 100)
        assert progress.learning_rate(CONFIG) == pytest.approx(0.5 * share)


def test_a_rate_set_in_the_warmup_ends_it_and_one_set_at_zero_stays():
    progress = Progress(step=2)
    progress.set_learning_rate(0.05)
    rates = []
    for step in range(2, 12):
        progress.step = step
        rates.append(progress.learning_rate(CONFIG))
    assert rates[:8] == pytest.approx([0.05] * 8)
    assert rates[-1] < 0.05
    to_zero = dataclasses.replace(CONFIG, optim=dataclasses.replace(CONFIG.optim, lr_min=0.0))
    progress.step = 120
    progress.set_learning_rate(0.05)
    assert progress.learning_rate(to_zero) == 0.05


@pytest.mark.parametrize("name", ["train_loss", "grad_norm", "val_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_diverges_at_once(name, value):
    record = {"train_loss": 1.0, "grad_norm": 1.0, "lr": 0.25, name: value}
    with pytest.raises(DivergedError, match=rf"{name} became {value} at step 7.*0\.25"):
        Progress(step=7).check(record, CONFIG)


def test_a_loss_far_above_guessing_must_last_to_be_divergence():
    uniform = math.log(100)
    progress = Progress()
    high, low = {"train_loss": 2.5 * uniform}, {"train_loss": uniform}
    progress.check(low, CONFIG)
    for _ in range(FAR_ABOVE_RECORDS - 1):
        progress.check(high, CONFIG)
    assert progress.is_diverging()
    progress.check(low, CONFIG)
    assert not progress.is_diverging(), "a spike that passes is none"
    for _ in range(FAR_ABOVE_RECORDS - 1):
        progress.check(high, CONFIG)
    with pytest.raises(DivergedError, match="far above guessing"):
        progress.check(high, CONFIG)


def test_a_bad_beginning_is_no_divergence():
    progress = Progress()
    for loss in range(60, 10, -1):
        progress.check({"train_loss": float(loss)}, CONFIG)
    assert not progress.is_diverging()


def test_the_sentence_names_what_the_settings_lack():
    config = dataclasses.replace(CONFIG, optim=OptimConfig(max_grad_norm=0, warmup_steps=0))
    with pytest.raises(DivergedError, match="warmup.*max_grad_norm"):
        Progress().check({"train_loss": math.nan}, config)
