import dataclasses
import html
import json
import re

import pytest

from playground.accounting import Machine, estimate
from playground.config import ConfigError
from playground.models import Transformer
from playground.presets import preset
from playground.ui import estimate_view
from playground.ui.estimate_view import check_memory, estimate_html, vocabulary_of, with_vocabulary

FAST = with_vocabulary(preset("fast").config, 1024)


@pytest.fixture
def free(monkeypatch):
    """Return a function that says how much memory is free."""
    return lambda count: monkeypatch.setattr(estimate_view, "free_bytes", lambda: count)


def machine(seconds: float = 1e-3) -> Machine:
    """A machine on which every piece takes as long."""
    pieces = [
        "linear",
        "embed",
        "add",
        "attention",
        "norm_rmsnorm",
        "activation_relu2",
        "qk_norm_rotate",
        "zeros",
        "accumulate",
        "step",
        "loss",
        "adamw",
        "clip",
        "muon",
    ]
    return Machine(
        "cpu", 2, 10**10, 3 * 10**8, 1e11, False, dict.fromkeys(pieces, ((1.0, seconds), (1e18, seconds)))
    )


def test_the_figures_are_those_of_the_model_and_the_text(free):
    free(10**10)
    card = estimate_html(FAST, 500_000, machine(), measuring=False)
    model = Transformer(FAST.model)
    assert f"{sum(p.numel() for p in model.parameters()):,}" in card
    tokens = FAST.train.steps * FAST.train.batch_size * FAST.model.n_ctx
    assert f"<strong>{tokens / 500_000:,.1f}</strong>" in card
    assert "≈" in card
    assert "Change it so" not in card


def test_without_measurements_the_time_is_not_guessed(free):
    free(10**10)
    assert "measuring …" in estimate_html(FAST, 0, None, measuring=True)
    assert "unknown" in estimate_html(FAST, 0, None, measuring=False)
    other_device = dataclasses.replace(FAST, train=dataclasses.replace(FAST.train, device="cuda"))
    assert "unknown" in estimate_html(other_device, 0, machine(), measuring=False)


def test_what_does_not_fit_is_refused_with_a_button_that_makes_it_fit(free):
    free(60_000_000)
    config = dataclasses.replace(FAST, train=dataclasses.replace(FAST.train, batch_size=64))
    card = estimate_html(config, 0, None, measuring=False)
    with pytest.raises(ConfigError, match="It would take") as refusal:
        check_memory(config, None)
    assert html.escape(str(refusal.value)) in card
    changes = json.loads(html.unescape(re.search(r'data-settings-change="([^"]*)"', card)[1]))
    train = dataclasses.replace(
        config.train, **{key.partition(".")[2]: value for key, value in changes.items()}
    )
    check_memory(dataclasses.replace(config, train=train), None)


def test_the_libraries_that_a_process_holds_are_counted_too(free):
    free(4 * 10**8)
    alone = estimate(FAST).memory["total"]
    check_memory(FAST, None)
    free(alone + 10**8)
    with pytest.raises(ConfigError, match="memory"):
        check_memory(FAST, machine())


@pytest.mark.parametrize(
    ("tokenizer", "size"), [("gpt2", 50_257), ("bpe:512", 512), ("char", 0), ("bpe:x", 0)]
)
def test_some_vocabularies_are_known_before_the_text_is_cut(tokenizer, size):
    assert vocabulary_of(tokenizer) == size
