"""The range test: rates rise by one factor, it ends where learning comes undone, it suggests by a rule."""

import json
import math
from dataclasses import replace

import pytest

from playground.job import build_job
from playground.lr_range import FIRST, MARGIN, Trial, judge, lr_range, rate_of
from playground.optim import SGD
from tests.small_runs import small_config


def job(prepared_corpus, **optim):
    prepared = prepared_corpus("markov")
    config = small_config()
    config = replace(
        config,
        model=replace(config.model, d_vocab=prepared.tokenizer.d_vocab),
        optim=replace(config.optim, **optim),
    )
    return build_job(config, prepared)


def trials(losses, lowest=1e-5, highest=10.0, steps=200):
    return [Trial(i, rate_of(i, lowest, highest, steps), loss, loss) for i, loss in enumerate(losses)]


def test_rates_rise_by_the_same_factor_from_the_lowest_to_the_highest():
    rates = [rate_of(step, 1e-4, 1.0, 41) for step in range(41)]
    assert (rates[0], rates[-1]) == (pytest.approx(1e-4), pytest.approx(1.0))
    assert all(b / a == pytest.approx(10 ** (1 / 10)) for a, b in zip(rates, rates[1:], strict=False))


def test_a_real_test_learns_diverges_and_suggests_a_rate_between(prepared_corpus):
    made = list(lr_range(job(prepared_corpus), 1e-4, 1e3, 120))
    found = judge(made, 120)
    assert len(made) < 120
    assert found.diverged_at == made[-1].lr
    assert made[0].loss == pytest.approx(math.log(job(prepared_corpus).config.model.d_vocab), abs=0.2)
    assert min(t.smoothed for t in made) < made[0].smoothed - 0.1
    assert found.suggestion == pytest.approx(found.lowest_at / MARGIN, rel=0.05)
    assert made[0].lr < found.suggestion < found.diverged_at


def test_the_smoothed_loss_is_the_debiased_average(prepared_corpus):
    made = list(lr_range(job(prepared_corpus), 1e-5, 1e-3, 8))
    for i, trial in enumerate(made):
        weights = [0.9 ** (i - j) for j in range(i + 1)]
        losses = [made[j].loss for j in range(i + 1)]
        mean = sum(w * x for w, x in zip(weights, losses, strict=True)) / sum(weights)
        assert trial.smoothed == pytest.approx(mean)


def test_rates_of_sgd_are_those_with_which_the_weights_move(prepared_corpus, monkeypatch):
    """SGD divides its own rate by the root of the step."""
    moved, step = [], SGD.step

    def watched(self, closure=None):
        t = self.state[self.param_groups[0]["params"][0]].get("t", 0)
        moved.append(self.param_groups[0]["lr"] / math.sqrt(t + 1))
        return step(self, closure)

    monkeypatch.setattr(SGD, "step", watched)
    made = list(lr_range(job(prepared_corpus, optimizer="sgd"), 1e-4, 1e-2, 12))
    assert moved == pytest.approx([trial.lr for trial in made])


def test_a_loss_that_becomes_no_number_ends_it():
    made = trials([4.0] * 10 + [3.0] * 20 + [math.nan])
    found = judge(made, 200)
    assert found.diverged_at == made[-1].lr
    assert found.lowest_at == made[10].lr


@pytest.mark.parametrize("losses", [[], [4.0] * 3, [4.0 + 0.1 * i for i in range(40)], [math.nan]])
def test_where_nothing_was_learned_nothing_is_suggested(losses):
    found = judge(trials(losses), 200)
    assert found.suggestion is None
    assert "never fell" in found.why


def test_a_test_that_never_diverges_says_so():
    found = judge(trials([4.0] * FIRST + [3.9 - 0.01 * i for i in range(195)]), 200)
    assert found.diverged_at is None
    assert "never came undone" in found.why


def test_the_command_prints_json_for_every_step_and_what_was_found(command, abab):
    status, out, _ = command(
        "lr-range", "--preset", "tiny", "--text", abab, "--tokenizer", "char", "--trials", "25", "--json",
        "--n-ctx", "16", "--d-model", "16", "--batch-size", "2", "--threads", "1",
    )  # fmt: skip
    *steps, found = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [step["step"] for step in steps] == list(range(len(steps)))
    assert set(found) == {"suggestion", "lowest_at", "diverged_at", "why"}


@pytest.mark.parametrize("flags", [("--lowest", "0"), ("--lowest", "2", "--highest", "1"), ("--trials", "3")])
def test_flags_that_can_not_work_are_refused(command, flags):
    status, _, said = command("lr-range", *flags)
    assert status == 2
    assert "--lowest must be over 0" in said
