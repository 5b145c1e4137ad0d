import math
from collections import Counter

import pytest
import torch

from playground.config import ConfigError, ModelConfig, SampleConfig
from playground.models import Transformer
from playground.sampling import (
    apply_temperature,
    draw,
    generate,
    min_p_filter,
    repetition_penalty,
    reshape_logits,
    top_k_filter,
    top_p_filter,
)


def kept(logits):
    return torch.isfinite(logits).nonzero().flatten().tolist()


def random_logits(seed):
    generator = torch.Generator().manual_seed(seed)
    size = int(torch.randint(2, 60, (), generator=generator))
    return 4 * torch.randn(size, generator=generator, dtype=torch.float64)


def test_kept_sets_equal_the_warpers_of_hugging_face():
    from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    for seed in range(1000):
        logits = random_logits(seed)
        k, p = 1 + seed % (len(logits) + 3), 0.01 + 0.98 * (seed % 97) / 97
        row = logits[None]
        assert kept(top_k_filter(logits, k)) == kept(TopKLogitsWarper(k)(None, row.clone())[0])
        assert kept(top_p_filter(logits, p)) == kept(TopPLogitsWarper(p)(None, row.clone())[0])
        assert kept(min_p_filter(logits, p)) == kept(MinPLogitsWarper(p)(None, row.clone())[0])


def test_repetition_penalty_equals_hugging_face():
    from transformers import RepetitionPenaltyLogitsProcessor

    logits, tokens = random_logits(3)[None], torch.tensor([[0, 1, 1]])
    expected = RepetitionPenaltyLogitsProcessor(1.7)(tokens, logits.clone())
    torch.testing.assert_close(repetition_penalty(logits, tokens, 1.7), expected, atol=1e-12, rtol=0)
    assert torch.equal(repetition_penalty(logits, tokens, 1.0), logits)


@pytest.mark.parametrize(
    "rule",
    [
        lambda x: apply_temperature(x, 0.5),
        lambda x: apply_temperature(x, 0),
        lambda x: top_k_filter(x, 2),
        lambda x: top_p_filter(x, 0.5),
        lambda x: min_p_filter(x, 0.5),
        lambda x: repetition_penalty(x, torch.tensor([1]), 2.0),
    ],
)
def test_no_rule_touches_its_input(rule):
    logits = torch.tensor([1.0, 3.0, 2.0, -1.0])
    before = logits.clone()
    result = rule(logits)
    assert torch.equal(logits, before)
    result.fill_(0)
    assert torch.equal(logits, before), "the result must not share memory with the input"


def test_temperature_corners():
    logits = torch.tensor([1.0, 3.0, 3.0, 2.0])
    assert kept(apply_temperature(logits, 0)) == [1], "the first of tied tokens wins"
    for tiny in (1e-40, 1e-300, 1e-8):
        result = apply_temperature(logits, tiny)
        assert not result.isnan().any()
        assert result.softmax(-1).tolist() == [0, 0.5, 0.5, 0]
    half = apply_temperature(logits.double(), 0.5).softmax(-1)
    torch.testing.assert_close(half, (2 * logits.double()).softmax(-1), atol=1e-12, rtol=0)
    masked = apply_temperature(torch.tensor([0.0, -math.inf]), 0.7)
    assert masked.softmax(-1).tolist() == [1, 0]
    for bad in (-0.1, float("nan")):
        with pytest.raises(ConfigError, match="temperature"):
            apply_temperature(logits, bad)


def test_top_k_corners():
    tied = torch.tensor([2.0, 5.0, 5.0, 5.0, 1.0])
    assert kept(top_k_filter(tied, 2)) == [1, 2], "exactly k on ties, the first of them"
    for off in (0, None, 5, 99):
        assert torch.equal(top_k_filter(tied, off), tied)
    with pytest.raises(ConfigError, match="top_k"):
        top_k_filter(tied, -1)


def test_top_p_corners():
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    assert kept(top_p_filter(logits, 0.5)) == [0], "an exact sum is the smallest set that reaches p"
    assert kept(top_p_filter(logits, 0.51)) == [0, 1]
    assert kept(top_p_filter(logits.double(), 0.8)) == [0, 1]
    assert kept(top_p_filter(logits, 0.0)) == [0]
    assert torch.equal(top_p_filter(logits, 1.0), logits)
    assert kept(top_p_filter(torch.zeros(4), 0.5)) == [0, 1]
    for bad in (-0.1, 1.1):
        with pytest.raises(ConfigError, match="top_p"):
            top_p_filter(logits, bad)


def test_rules_work_on_batches_as_on_rows():
    logits = torch.randn(2, 3, 9)
    for rule in (
        lambda x: top_k_filter(x, 4),
        lambda x: top_p_filter(x, 0.6),
        lambda x: apply_temperature(x, 0),
    ):
        rows = torch.stack([torch.stack([rule(row) for row in batch]) for batch in logits])
        assert torch.equal(rule(logits), rows)


def test_draws_follow_the_reshaped_distribution():
    logits, settings = torch.tensor([1.0, 0.0, 2.0, -1.0]), SampleConfig(temperature=1.5, top_k=3)
    expected = reshape_logits(logits.double(), settings).softmax(-1)
    generator, n = torch.Generator().manual_seed(0), 20_000
    drawn = Counter(draw(logits, settings, generator)[0] for _ in range(n))
    for token, p in enumerate(expected.tolist()):
        assert drawn[token] / n == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / n) + 1e-12)
    token, log_prob = draw(logits, settings, generator)
    assert log_prob == pytest.approx(math.log(expected[token]), abs=1e-6)


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_vocab=19, n_ctx=10, d_model=16, n_heads=2, n_layers=2)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.4)
    return model


@pytest.mark.parametrize("prompt", [[3], [1, 2, 3, 4], list(range(10)), list(range(19))])
def test_cached_generation_equals_uncached_also_beyond_the_context(model, prompt):
    settings = SampleConfig(max_tokens=40, seed=4)
    cached = list(generate(model, prompt, settings))
    plain = list(generate(model, prompt, settings, use_cache=False))
    assert [d.token for d in cached] == [d.token for d in plain]
    assert [d.log_prob for d in cached] == pytest.approx([d.log_prob for d in plain], abs=1e-6)
    assert any(d.slid for d in cached)
    assert len(cached) == 40


def test_same_seed_same_text_whatever_else_draws_numbers(model):
    settings = SampleConfig(max_tokens=20, seed=1)
    first = [d.token for d in generate(model, [1], settings)]
    second = []
    for drawn in generate(model, [1], settings):
        torch.rand(7)
        second.append(drawn.token)
    other = [d.token for d in generate(model, [1], SampleConfig(max_tokens=20, seed=2))]
    assert first == second != other


def test_temperature_zero_takes_the_most_likely_token(model):
    tokens = [5]
    for drawn in generate(model, [5], SampleConfig(max_tokens=8, temperature=0)):
        with torch.no_grad():
            assert drawn.token == int(model(torch.tensor([tokens]))[0, -1].argmax())
        assert drawn.log_prob == 0
        tokens.append(drawn.token)


def test_generation_ends_at_the_end_token_and_refuses_an_empty_prompt(model):
    settings = SampleConfig(max_tokens=50)
    tokens = [d.token for d in generate(model, [1], settings)]
    end = tokens[7]
    assert [d.token for d in generate(model, [1], settings, end_id=end)] == tokens[: tokens.index(end) + 1]
    with pytest.raises(ConfigError, match="prompt"):
        next(generate(model, [], settings))


def test_generation_leaves_a_training_model_training(model):
    model.train()
    list(generate(model, [1], SampleConfig(max_tokens=3)))
    assert model.training
