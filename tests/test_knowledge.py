import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from playground import knowledge
from playground.config import ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.dataset import NO_TARGET, rows_of
from playground.knowledge import (
    PositionLosses,
    build_knowledge,
    divergences,
    induction_score,
    segments_twice,
)
from playground.models import build_model
from playground.ngrams import fit_ngrams
from playground.optim import build_optimizer
from playground.training import Data, evaluate, evaluation_batches, train
from tests.test_training import padded_data

CPU = torch.device("cpu")
D_VOCAB, N_CTX = 12, 16
MODEL = ModelConfig(d_vocab=D_VOCAB, n_ctx=N_CTX, d_model=32, n_heads=2, n_layers=1)


def chain(n, seed):
    """Tokens of which some are common, and each of which makes some others likely."""
    rng = np.random.default_rng(seed)
    table = np.random.default_rng(9).dirichlet(0.15 * np.arange(1, D_VOCAB + 1), size=D_VOCAB).cumsum(axis=1)
    tokens = [0]
    for u in rng.random(n - 1):
        tokens.append(min(int(np.searchsorted(table[tokens[-1]], u)), D_VOCAB - 1))
    return np.array(tokens)


TRAIN, VAL = chain(20_000, 1), chain(2_000, 2)


@pytest.fixture(scope="module")
def batch():
    rows = rows_of(VAL, None, N_CTX)
    return rows.take(rows.evaluation_rows(4), CPU)


@pytest.fixture(scope="module")
def probe(batch):
    return build_knowledge(TRAIN, *batch, MODEL)


def test_divergences_equal_those_of_torch():
    logits, others = torch.randn(5, 9), torch.randn(3, 5, 9).log_softmax(dim=-1)
    found = divergences(logits, others)
    model = Categorical(logits=logits)
    for name, reference in zip(
        ("uniform", "unigram", "bigram", "trigram"), (0 * logits, *others), strict=True
    ):
        expected = kl_divergence(model, Categorical(logits=reference)).mean().item()
        assert found[f"kl_{name}"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("order", "name"), [(1, "unigram"), (2, "bigram"), (3, "trigram")])
def test_a_model_that_is_a_reference_is_at_no_distance_from_it(probe, order, name):
    found = divergences(probe.log_probs[order - 1], probe.log_probs)
    assert found[f"kl_{name}"] == pytest.approx(0, abs=1e-5)
    assert min(value for key, value in found.items() if key != f"kl_{name}") > 1e-4
    assert min(found, key=found.__getitem__) == f"kl_{name}"


def test_a_uniform_model_is_at_distance_zero_from_uniform(probe):
    found = divergences(torch.zeros(probe.log_probs.shape[1:]), probe.log_probs)
    assert found["kl_uniform"] == pytest.approx(0, abs=1e-6)
    p = probe.log_probs[0, 0].double()
    assert found["kl_unigram"] == pytest.approx(-math.log(D_VOCAB) - p.mean().item(), abs=1e-5)


def test_the_references_are_those_of_the_counted_text(probe, batch):
    ngrams = fit_ngrams(TRAIN, D_VOCAB, 3)
    row, pos = 3, 7
    for token in range(D_VOCAB):
        text = np.append(batch[0][row, : pos + 1].numpy(), token)
        expected = [log_probs[-1] for log_probs in ngrams.log_probs_by_order(text)]
        found = probe.log_probs[:, row * N_CTX + pos, token]
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_training_passes_the_unigram_first_and_then_the_bigram(probe):
    """The picture: nearest to each reference in turn, and the bigram law of this text stays the nearest."""
    config = RunConfig(
        model=MODEL,
        optim=OptimConfig(lr=3e-3, warmup_steps=2),
        train=TrainConfig(steps=150, batch_size=8, eval_every=5, eval_sequences=4, precision="float32"),
    )
    torch.manual_seed(0)
    model = build_model(MODEL)
    data = Data(TRAIN, VAL, 1.0, knowledge=probe)
    records = list(train(model, build_optimizer(model, config.optim), data, config, CPU))
    curves = {
        name: [r[f"kl_{name}"] for r in records if f"kl_{name}" in r]
        for name in ("uniform", "unigram", "bigram", "trigram")
    }
    lowest = {name: int(np.argmin(values)) for name, values in curves.items()}
    assert lowest["uniform"] <= lowest["unigram"] < lowest["bigram"]
    assert curves["unigram"][-1] > 3 * min(curves["unigram"])
    assert min(curves, key=lambda name: curves[name][0]) == "uniform"
    assert curves["bigram"][-1] < 0.1 < curves["unigram"][-1]


def test_evaluation_writes_it_and_without_a_probe_it_does_not(probe):
    config = RunConfig(model=MODEL, train=TrainConfig(eval_sequences=4, precision="float32"))
    model = build_model(MODEL)
    plain = evaluate(model, Data(TRAIN, VAL, 1.0), config, CPU)
    known = evaluate(model, Data(TRAIN, VAL, 1.0, knowledge=probe), config, CPU)
    assert set(known) - set(plain) == {
        "kl_uniform", "kl_unigram", "kl_bigram", "kl_trigram", "induction", "position_loss"
    }  # fmt: skip
    assert {key: known[key] for key in plain} == plain
    assert evaluate(model, Data(TRAIN, VAL, 1.0, knowledge=probe), config, CPU) == known


def test_training_is_the_same_bit_for_bit_with_a_probe(probe):
    config = RunConfig(
        model=dataclasses.replace(MODEL, dropout=0.1),
        train=TrainConfig(steps=6, eval_every=2, eval_sequences=4, precision="float32"),
    )
    weights = []
    for known in (None, probe):
        torch.manual_seed(0)
        model = build_model(config.model)
        data = Data(TRAIN, VAL, 1.0, knowledge=known)
        list(train(model, build_optimizer(model, config.optim), data, config, CPU))
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*weights)


class Copier(torch.nn.Module):
    """Expects the token that came `distance` before the next one, with odds of e to the eighth."""

    def __init__(self, distance):
        super().__init__()
        self.distance, self.unembed = distance, torch.nn.Linear(D_VOCAB, D_VOCAB, bias=False)
        torch.nn.init.eye_(self.unembed.weight)

    def hidden(self, tokens):
        back = torch.roll(tokens, self.distance - 1, dims=1)
        seen = torch.arange(tokens.shape[1]) >= self.distance - 1
        return 8.0 * F.one_hot(back, D_VOCAB) * seen[None, :, None]


def test_the_induction_score_of_a_perfect_copier_and_of_a_model_that_looks_at_nothing():
    copies = segments_twice(np.arange(D_VOCAB), N_CTX)
    assert copies.shape == (2, 8)
    assert torch.equal(copies[:, :4], copies[:, 4:])
    certain = math.log(1 + (D_VOCAB - 1) * math.exp(-8))
    assert induction_score(Copier(4), copies) == pytest.approx(math.log(D_VOCAB) - certain, abs=1e-5)
    assert induction_score(Copier(99), copies) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("n_ctx", [1, 2, 3, 4, 7, 64, 1024])
def test_segments_fit_into_the_context_and_are_of_known_tokens(n_ctx):
    copies = segments_twice(np.array([2, 5]), n_ctx)
    if n_ctx < 3:
        assert copies is None
        return
    assert copies.shape[1] - 1 <= n_ctx
    assert copies.numel() <= max(n_ctx, 4)
    assert set(copies.flatten().tolist()) <= {2, 5}


def test_loss_by_position_is_the_mean_over_the_rows():
    losses, targets = torch.rand(6, 16), torch.ones(6, 16, dtype=torch.long)
    targets[2, 5:] = NO_TARGET
    losses[2, 5:] = 0
    by_position = PositionLosses(16)
    by_position.add(losses[:4], targets[:4])
    by_position.add(losses[4:, :9], targets[4:, :9])
    kept = (targets != NO_TARGET).clone()
    kept[4:, 9:] = False
    assert by_position.mean() == pytest.approx(losses[kept].mean().item(), abs=1e-6)
    edges = knowledge.position_buckets(16)
    for i, value in enumerate(by_position.by_bucket()):
        bucket = slice(edges[i], edges[i + 1])
        assert value == pytest.approx(losses[:, bucket][kept[:, bucket]].mean().item(), abs=1e-6)


def test_a_position_that_nothing_is_predicted_at_has_no_loss():
    by_position = PositionLosses(16)
    by_position.add(torch.rand(2, 4), torch.ones(2, 4, dtype=torch.long))
    assert by_position.by_bucket()[-1] is None


def test_the_probe_is_bounded_for_a_large_vocabulary(monkeypatch, batch):
    monkeypatch.setattr(knowledge, "MAX_NUMBERS", 20 * D_VOCAB)
    small = build_knowledge(TRAIN, *batch, MODEL)
    assert small.log_probs.shape == (3, 20, D_VOCAB), "a row and a quarter of the next"
    model = build_model(MODEL).eval()
    with torch.no_grad():
        found = small.measure(model, model.hidden(batch[0]), batch[1])
        logits = model(batch[0]).flatten(0, 1)[:20]
    assert found.items() > divergences(logits, small.log_probs).items()


def test_padded_documents_and_the_lstm_are_probed_too():
    data = padded_data()
    model = ModelConfig(architecture="lstm", d_vocab=6, n_ctx=N_CTX, d_model=16, n_layers=1)
    config = RunConfig(model=model, train=TrainConfig(eval_sequences=12, precision="float32"))
    inputs, targets = next(evaluation_batches(data, config, CPU))
    data.knowledge = build_knowledge(data.train, inputs, targets, model)
    assert data.knowledge.log_probs.shape[1] == int((targets != NO_TARGET).sum())
    found = evaluate(build_model(model), data, config, CPU)
    assert all(math.isfinite(found[f"kl_{name}"]) for name in knowledge.REFERENCES)
