import math
from collections import Counter

import pytest
import torch

from playground.config import ConfigError, ModelConfig, SampleConfig
from playground.models import build_model
from playground.sampling import draw, generate, generate_batch, reshape_logits


def test_draws_follow_the_reshaped_distribution():
    logits, settings = torch.tensor([1.0, 0.0, 2.0, -1.0]), SampleConfig(temperature=1.5, top_k=3)
    expected = reshape_logits(logits.double(), settings).softmax(-1)
    generator, n = torch.Generator().manual_seed(0), 20_000
    drawn = Counter(draw(logits, settings, generator)[0] for _ in range(n))
    for token, p in enumerate(expected.tolist()):
        assert drawn[token] / n == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / n) + 1e-12)
    token, log_prob = draw(logits, settings, generator)
    assert log_prob == pytest.approx(math.log(expected[token]), abs=1e-6)


@pytest.fixture(params=["transformer", "lstm"])
def model(request):
    torch.manual_seed(0)
    config = ModelConfig(architecture=request.param, d_vocab=19, n_ctx=10, d_model=16, n_heads=2, n_layers=2)
    model = build_model(config).double()
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


def test_log_probabilities_are_those_of_a_full_forward_pass(model):
    settings, tokens = SampleConfig(max_tokens=9, temperature=1.0), [4]
    for drawn in generate(model, [4], settings):
        with torch.no_grad():
            log_probs = model(torch.tensor([tokens]))[0, -1].log_softmax(-1)
        assert drawn.log_prob == pytest.approx(float(log_probs[drawn.token]), abs=1e-6)
        tokens.append(drawn.token)


@pytest.mark.parametrize("penalty", [1.0, 1.5])
def test_each_text_of_a_batch_is_the_one_of_its_own_seed(model, penalty):
    settings = SampleConfig(max_tokens=25, seed=7, top_k=6, repetition_penalty=penalty)
    end_id = 3
    rows = list(zip(*generate_batch(model, [1, 2], settings, 4, end_id=end_id), strict=True))
    for number, row in enumerate(rows):
        own = SampleConfig(**{**vars(settings), "seed": 7 + number})
        alone = [d.token for d in generate(model, [1, 2], own, end_id=end_id)]
        texts = [d.token for d in row if d is not None]
        assert texts == alone
        assert [d is None for d in row] == [i >= len(alone) for i in range(len(row))]
    assert len({len([d for d in row if d]) for row in rows}) > 1, "no text ended before another"


def test_a_penalty_makes_a_greedy_text_move_on(model):
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        model.unembed.weight.normal_(0, 1)
        model.embed.weight.fill_(1.0)
        if hasattr(model, "norm"):
            model.norm.weight.fill_(1.0)
    plain = [d.token for d in generate(model, [1], SampleConfig(max_tokens=6, temperature=0))]
    moved = SampleConfig(max_tokens=6, temperature=0, repetition_penalty=3.0)
    varied = [d.token for d in generate(model, [1], moved)]
    assert len(set(plain)) == 1
    if model.config.architecture == "transformer":
        assert len(set(varied)) > 1


def test_candidates_have_their_probabilities_under_the_rules_and_by_the_model_itself(model):
    settings = SampleConfig(max_tokens=6, temperature=0.7, top_k=3, seed=2)
    tokens = [4]
    for drawn in generate(model, [4], settings, n_likeliest=5):
        with torch.no_grad():
            logits = model(torch.tensor([tokens]))[0, -1]
        own, ruled = logits.softmax(-1), reshape_logits(logits, settings).softmax(-1)
        assert [one.token for one in drawn.likeliest] == own.argsort(descending=True)[:5].tolist()
        assert [one.p > 0 for one in drawn.likeliest] == [True] * 3 + [False] * 2, "top-k leaves three"
        for one in drawn.likeliest:
            assert one.p == pytest.approx(float(ruled[one.token]), abs=1e-6)
            assert one.own_p == pytest.approx(float(own[one.token]), abs=1e-6)
        assert drawn.own_p == pytest.approx(float(own[drawn.token]), abs=1e-6)
        tokens.append(drawn.token)
