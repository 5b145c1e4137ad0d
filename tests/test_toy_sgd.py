"""The toy problem in the browser against the closed form and against the optimizer of optim.py."""

import math

import pytest
import torch

from playground.optim import SGD
from playground.ui.toy_sgd import FOLDER, RATES, ToySGD

SCRIPT = (FOLDER / "toy_sgd.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def evaluate(browser):
    """Return a function that evaluates an expression after the script."""
    page = browser.new_page()
    yield lambda expression: page.evaluate(f"() => {{ {SCRIPT}; return {expression}; }}")
    page.close()


def by_optimizer(lr, steps=10):
    """Return the weight after each step of the mean of 100 squares, in float64."""
    weights = torch.nn.Parameter(torch.full((10, 10), 5.0, dtype=torch.float64))
    optimizer, seen = SGD([weights], lr=lr), [5.0]
    for _ in range(steps):
        optimizer.zero_grad()
        (weights**2).mean().backward()
        optimizer.step()
        seen.append(weights[0, 0].item())
    return seen


@pytest.mark.parametrize("lr", [*RATES, 0.3, 50, 3000])
def test_the_picture_the_closed_form_and_the_optimizer_agree(evaluate, lr):
    closed, weight = [5.0], 5.0
    for t in range(10):
        weight *= 1 - 2 * lr / (100 * math.sqrt(t + 1))
        closed.append(weight)
    drawn = evaluate(f"toyWeights({lr})")
    assert drawn == pytest.approx(closed, rel=1e-12, abs=1e-12)
    assert by_optimizer(lr) == pytest.approx(closed, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("lr", "words"),
    [(1, "decays slowly"), (10, "decays fast"), (100, "at once"), (1000, "diverges")],
)
def test_the_four_rates_behave_as_they_are_said_to(evaluate, lr, words):
    assert words in evaluate(f"toyVerdict({lr})")
    losses = [weight**2 for weight in by_optimizer(lr)]
    assert (losses[-1] > losses[0]) == (lr == 1000)
    assert (losses[-1] < 1e-20) == (lr == 100)
    assert (0.5 * losses[0] < losses[-1] < losses[0]) == (lr == 1)


def test_the_element_is_made():
    toy = ToySGD()
    assert all(f'value="{rate}"' in toy.html_template for rate in RATES)
    assert "toyWeights" in toy.js_on_load
