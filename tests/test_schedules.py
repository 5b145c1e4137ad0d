import math

import pytest

from playground.config import OptimConfig
from playground.schedules import constant_lr, cosine_lr, linear_lr, lr_at, wsd_lr


def test_cosine_at_its_corners_and_its_middle():
    args = {"lr_max": 1.0, "lr_min": 0.1, "warmup_steps": 10, "decay_steps": 110}
    assert cosine_lr(0, **args) == 0
    assert cosine_lr(10, **args) == 1.0
    assert cosine_lr(60, **args) == pytest.approx(0.55, abs=1e-12)
    assert cosine_lr(35, **args) == pytest.approx(0.1 + 0.45 * (1 + math.cos(math.pi / 4)), abs=1e-12)
    assert cosine_lr(110, **args) == cosine_lr(10_000, **args) == 0.1


def test_linear_is_a_straight_line():
    values = [linear_lr(step, 1.0, 0.0, 4, 24) for step in range(30)]
    assert values[:5] == [0, 0.25, 0.5, 0.75, 1.0]
    falls = [a - b for a, b in zip(values[4:24], values[5:25], strict=True)]
    assert falls == pytest.approx([0.05] * 20, abs=1e-12)
    assert values[24:] == [0.0] * 6


def test_wsd_is_stable_then_decays():
    values = [wsd_lr(step, 1.0, 0.0, 10, 100) for step in range(101)]
    assert values[10:81] == [1.0] * 71
    assert values[90] == pytest.approx(0.5)
    assert values[100] == 0


def test_constant():
    assert [constant_lr(step, 2.0, 2) for step in range(4)] == [0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd", "constant"])
def test_a_run_learns_at_every_step_and_ends_at_lr_min(schedule):
    config = OptimConfig(schedule=schedule, lr=1e-2, lr_min=1e-3, warmup_steps=5)
    rates = [lr_at(step, config, 50) for step in range(50)]
    assert min(rates) > 0
    assert max(rates) == 1e-2 == rates[4]
    assert rates[-1] == pytest.approx(1e-2 if schedule == "constant" else 1e-3)
    short = [lr_at(step, config, 3) for step in range(3)]
    assert max(short) <= 1e-2
