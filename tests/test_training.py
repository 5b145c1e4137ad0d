import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from playground.config import ConfigError, ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.models import Transformer
from playground.optim import build_optimizer
from playground.progress import DivergedError, Progress
from playground.training import Data, evaluate, train, train_step

CPU = torch.device("cpu")
CONFIG = RunConfig(
    model=ModelConfig(d_vocab=6, n_ctx=8, d_model=16, n_heads=2, n_layers=1),
    optim=OptimConfig(lr=1e-2, warmup_steps=2, lr_min=1e-3),
    train=TrainConfig(steps=12, batch_size=4, eval_every=5, eval_sequences=3, precision="float32"),
)
STANDING = OptimConfig(lr=1e-300, lr_min=0.0, weight_decay=0.0)
"""The weights stay as they are."""
DATA = Data(np.tile(np.arange(6), 100), np.tile(np.arange(6), 20), bytes_per_token=2.0)


def fresh(config=CONFIG, seed=0):
    torch.manual_seed(seed)
    model = Transformer(config.model)
    return model, build_optimizer(model, config.optim)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_records_say_what_was_measured_when():
    model, optimizer = fresh()
    records = list(train(model, optimizer, DATA, CONFIG, CPU))
    assert [r["step"] for r in records] == list(range(13))
    assert [r["step"] for r in records if "val_loss" in r] == [0, 5, 10, 12]
    assert [r["step"] for r in records if "train_loss" in r] == list(range(1, 13))
    assert records[-1]["tokens_seen"] == 12 * 4 * 8
    assert records[0]["val_loss"] == pytest.approx(math.log(6), abs=0.05)
    for record in records[1:]:
        assert {"lr", "grad_norm", "tokens_per_s", "elapsed_s", "memory_bytes"} <= set(record)
    evaluated = records[5]
    assert evaluated["val_perplexity"] == pytest.approx(math.exp(evaluated["val_loss"]))
    assert evaluated["val_bits_per_byte"] == pytest.approx(evaluated["val_loss"] / math.log(2) / 2)


def test_early_evaluations_show_the_first_steps_and_change_nothing_else():
    settings = dataclasses.replace(CONFIG.train, eval_every=10, early_evals=4, log_every=5, patience=1)
    early = dataclasses.replace(CONFIG, train=settings)
    late = dataclasses.replace(CONFIG, train=dataclasses.replace(settings, early_evals=0))
    model, optimizer = fresh()
    records = {r["step"]: r for r in train(model, optimizer, DATA, early, CPU)}
    assert [step for step, r in records.items() if "val_loss" in r] == [0, 1, 2, 3, 6, 10, 12]
    assert [step for step, r in records.items() if "train_loss" in r] == [1, 2, 3, 5, 6, 10, 12]
    other, optimizer = fresh()
    for record in train(other, optimizer, DATA, late, CPU):
        seen = {key: record[key] for key in ("val_loss", "train_loss", "lr") if key in record}
        assert seen.items() <= records[record["step"]].items()
    assert torch.equal(weights(model), weights(other))


def test_early_evaluations_are_no_test_of_patience():
    settings = dataclasses.replace(CONFIG.train, eval_every=12, early_evals=12, patience=2)
    config = dataclasses.replace(CONFIG, train=settings, optim=STANDING)
    progress = Progress()
    *_, last = train(*fresh(config), DATA, config, CPU, progress)
    assert (last["step"], progress.evaluations_since_best) == (12, 0)


def test_a_cycle_is_learned_to_certainty():
    config = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, steps=150))
    model, optimizer = fresh()
    *_, last = train(model, optimizer, DATA, config, CPU)
    assert last["val_loss"] < 0.05
    assert last["val_accuracy"] == 1


def test_evaluation_equals_a_mean_over_every_predicted_token():
    model, _ = fresh()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.3)
        losses = []
        for start in range(0, len(DATA.val) - 8, 8):
            window = torch.as_tensor(DATA.val[start : start + 9])[None]
            losses.append(F.cross_entropy(model(window[:, :-1])[0], window[0, 1:], reduction="none"))
        expected = torch.cat(losses).mean().item()
    assert evaluate(model, DATA, CONFIG, CPU, whole=True)["val_loss"] == pytest.approx(expected, abs=1e-6)


def test_accumulation_equals_one_large_batch():
    large = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, batch_size=8))
    small = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, batch_size=2, accumulate=4))
    results = []
    for config in (large, small):
        model, optimizer = fresh(config)
        model.double()
        generator = torch.Generator().manual_seed(1)
        for _ in range(5):
            loss, norm, _ = train_step(model, optimizer, DATA.rows("train", 8), config, CPU, generator, 1e-2)
        results.append((weights(model), loss, norm))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


@pytest.mark.parametrize("optimizer", ["adamw", "adamw_plain", "muon"])
def test_a_batch_in_parts_differs_from_a_whole_one_by_rounding_alone(optimizer):
    """Zero-initialised projections, a high rate, no warmup: Adam divides gradients near zero by themselves.

    So it makes much of the order of a sum: in float32 weights may then differ by nearly the rate, with losses
    alike. With 2^29 times finer numbers they differ so much less, which leaves no room for another cause.
    """
    whole, in_parts = (weights_after(5, optimizer, torch.float64, parts) for parts in (1, 4))
    torch.testing.assert_close(whole, in_parts, atol=1e-9, rtol=0)
    whole, in_parts = (weights_after(1, optimizer, torch.float32, parts) for parts in (1, 4))
    torch.testing.assert_close(whole, in_parts, atol=1e-6, rtol=0)


def weights_after(steps, optimizer, dtype, parts):
    """Weights after some steps of 8 rows, drawn in parts."""
    config = RunConfig(
        model=ModelConfig(d_vocab=65, n_ctx=16, d_model=32, n_heads=4, n_layers=2, init="zero_residual"),
        optim=OptimConfig(optimizer=optimizer, lr=6e-3),
        train=TrainConfig(batch_size=8 // parts, accumulate=parts, precision="float32"),
    )
    model, built = fresh(config)
    model.to(dtype)
    tokens = np.random.default_rng(0).integers(65, size=5000)
    rows, generator = Data(tokens, tokens, 1.0).rows("train", 16), torch.Generator().manual_seed(1)
    for _ in range(steps):
        train_step(model, built, rows, config, CPU, generator, config.optim.lr)
    return weights(model)


def test_going_on_later_gives_the_same_weights():
    whole_model, optimizer = fresh()
    list(train(whole_model, optimizer, DATA, CONFIG, CPU))
    model, optimizer = fresh()
    progress, generator = Progress(), torch.Generator().manual_seed(CONFIG.train.seed)
    for record in train(model, optimizer, DATA, CONFIG, CPU, progress, generator):
        if record["step"] == 7:
            break
    assert progress.step == 7
    records = list(train(model, optimizer, DATA, CONFIG, CPU, progress, generator))
    assert [r["step"] for r in records] == list(range(8, 13))
    assert torch.equal(weights(model), weights(whole_model))


def test_a_loss_that_is_no_number_stops_with_a_sentence():
    model, optimizer = fresh()
    records = train(model, optimizer, DATA, CONFIG, CPU)
    next(records), next(records)
    with torch.no_grad():
        model.embed.weight.fill_(float("inf"))
    with pytest.raises(DivergedError, match="step 2.*learning rate"):
        list(records)


def test_a_text_shorter_than_a_context_is_named():
    with pytest.raises(ConfigError, match="8 tokens.*n_ctx = 8"):
        Data(np.arange(8), np.arange(8), 1.0).check(8)


def test_a_validation_text_shorter_than_a_context_is_still_evaluated():
    model, _ = fresh()
    short = Data(DATA.train, np.arange(4), 1.0)
    assert math.isfinite(evaluate(model, short, CONFIG, CPU)["val_loss"])


def padded_data() -> Data:
    """Documents of changing length: 1 2 3 4 5 1 2 ..., with end token 0."""
    tokens, starts = [0], []
    for length in (3, 9, 1, 6) * 20:
        starts.append(len(tokens))
        tokens += [1 + i % 5 for i in range(length)] + [0]
    starts.append(len(tokens))
    array = np.array(tokens)
    return Data(array, array, 1.0, starts=dict.fromkeys(("train", "val"), np.array(starts)))


def test_filling_changes_neither_the_loss_nor_the_gradient():
    """A padded batch equals its rows one by one, weighted by their real tokens."""
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_vocab=6, n_ctx=16, d_model=16, n_heads=2, n_layers=2)).double()
    rows = padded_data().rows("train", 16)
    inputs, targets = rows.take([0, 1, 2, 3], "cpu")
    logits = model(inputs)
    together = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    together.backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    alone = torch.zeros((), dtype=torch.float64)
    for row in range(4):
        short, wanted = rows.take([row], "cpu")
        alone = alone + F.cross_entropy(model(short).flatten(0, 1), wanted.flatten(), reduction="sum")
    alone.backward()
    assert together.item() == pytest.approx(alone.item(), abs=1e-10)
    for gradient, parameter in zip(gradients, model.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-10, rtol=0)


def test_padded_documents_are_learned_and_only_real_tokens_are_counted():
    config = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, steps=40, eval_every=40))
    model, optimizer = fresh(config)
    first, *_, last = train(model, optimizer, padded_data(), config, CPU)
    assert last["val_loss"] < 0.7 * first["val_loss"]
    mean_row = (4 + 8 + 2 + 2 + 7) / 5  # each document and its end token; the long one is two rows
    assert last["tokens_seen"] == pytest.approx(40 * 4 * mean_row, rel=0.15)


def test_a_test_text_is_scored_once_at_the_end():
    config = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, steps=4, eval_every=2))
    records = list(train(*fresh(config), dataclasses.replace(DATA, test=DATA.val), config, CPU))
    assert ["test_loss" in record for record in records] == [False] * 4 + [True]
    assert records[-1]["test_loss"] == pytest.approx(records[-1]["full_val_loss"])


def test_padded_batches_of_a_text_without_documents_are_refused():
    with pytest.raises(ConfigError, match="not made of documents"):
        dataclasses.replace(DATA, starts={}).check(8)
