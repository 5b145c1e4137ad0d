import math

import pytest
import torch

from playground.config import ConfigError, SampleConfig
from playground.sampling import (
    apply_temperature,
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


def test_all_rules_in_the_order_of_hugging_face():
    from transformers import (
        LogitsProcessorList,
        MinPLogitsWarper,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    for seed in range(300):
        logits, generator = random_logits(seed)[None], torch.Generator().manual_seed(seed)
        t, p, m, r = (0.3 + torch.rand(4, generator=generator, dtype=torch.float64)).clamp(max=0.99).tolist()
        k, seen = 1 + seed % 20, torch.randint(logits.shape[-1], (1, 5), generator=generator)
        theirs = LogitsProcessorList([
            RepetitionPenaltyLogitsProcessor(1 + r), TemperatureLogitsWarper(2 * t),
            TopKLogitsWarper(k), TopPLogitsWarper(p), MinPLogitsWarper(m / 10),
        ])(seen, logits.clone())  # fmt: skip
        settings = SampleConfig(repetition_penalty=1 + r, temperature=2 * t, top_k=k, top_p=p, min_p=m / 10)
        ours = reshape_logits(logits, settings, seen)
        torch.testing.assert_close(ours.softmax(-1), theirs.softmax(-1), atol=1e-12, rtol=0)


def test_a_penalty_needs_the_tokens_so_far():
    with pytest.raises(ConfigError, match="repetition_penalty"):
        reshape_logits(torch.zeros(3), SampleConfig(repetition_penalty=2))


def test_min_p_corners():
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    assert kept(min_p_filter(logits, 0.5)) == [0, 1]
    assert kept(min_p_filter(logits, 1.0)) == [0]
    assert torch.equal(min_p_filter(logits, 0.0), logits)
    with pytest.raises(ConfigError, match="min_p"):
        min_p_filter(logits, 1.5)
