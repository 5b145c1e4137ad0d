import math
import re

import pytest

from playground.config import OptimConfig
from playground.schedules import lr_at
from playground.ui.schedule_view import BOTTOM, HEIGHT, TOP, rate_at, schedule_svg, schedule_words


def drawn(optim, steps):
    """Return the rates of the picture, the highest as 1, at their shares of the run."""
    points = re.search(r'<polyline points="([^"]*)"', schedule_svg(optim, steps))[1]
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    left, right = places[0][0], places[-1][0]
    tall = HEIGHT - TOP - BOTTOM
    return [((x - left) / max(right - left, 1e-9), (HEIGHT - BOTTOM - y) / tall) for x, y in places]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd", "constant"])
@pytest.mark.parametrize(("steps", "warmup"), [(1000, 100), (7, 3), (50, 0), (20, 400)])
def test_the_picture_is_the_formula(schedule, steps, warmup):
    optim = OptimConfig(schedule=schedule, warmup_steps=warmup, lr=0.01, lr_min=0.001)
    rates = [lr_at(step, optim, steps) for step in range(steps)]
    for share, height in drawn(optim, steps):
        assert height * max(rates) == pytest.approx(rates[round(share * (steps - 1))], abs=0.02 * max(rates))
    assert max(height for _, height in drawn(optim, steps)) == pytest.approx(1, abs=1e-3)


def test_one_step_can_be_drawn():
    assert len(drawn(OptimConfig(warmup_steps=0), 1)) == 1


def test_the_rate_of_sgd_falls_by_the_root_of_the_step():
    optim = OptimConfig(optimizer="sgd", schedule="constant", warmup_steps=0, lr=10)
    assert [rate_at(step, optim, 9) for step in (0, 3, 8)] == [10, 5, pytest.approx(10 / 3)]
    assert "root of the step" in schedule_words(optim, 9)


def test_the_words_name_the_numbers():
    said = schedule_words(OptimConfig(lr=0.006, lr_min=6e-4, warmup_steps=30, schedule="cosine"), 1200)
    assert said == "Rises to 0.006 over 30 steps, then falls as half a cosine to 0.0006 at step 1,200."
    assert math.isclose(lr_at(29, OptimConfig(lr=0.006, warmup_steps=30), 1200), 0.006)
