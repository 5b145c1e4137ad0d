import dataclasses
import json

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from playground.accounting import (
    Machine,
    check_fits,
    count_parameters,
    estimate,
    flops_per_step,
    flops_per_token,
    gigabytes,
    largest_batch,
    load_machine,
    memory_parts,
    peak_bytes,
    save_machine,
)
from playground.accounting.flops import optimizer_flops
from playground.accounting.machine import machine_file, seconds_of
from playground.accounting.memory import (
    FULL,
    HALF,
    LOGITS_AT_A_TIME,
    LONGEST_KEPT,
    kept_per_token,
    optimizer_bytes,
    reference_bytes,
)
from playground.accounting.parameters import matrix_shapes
from playground.accounting.seconds import evaluation_seconds, step_seconds, sum_of_pieces, threads_of
from playground.config import ConfigError, ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.linear_loss import CHUNK_NUMBERS
from playground.models import Transformer, build_model
from playground.models.fast_attention import LONGEST
from playground.optim import build_optimizer
from playground.presets import preset
from tests.test_transformer import SHAPES, SMALL

LSTM = {**SMALL, "architecture": "lstm"}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(str(v) for v in shape.values()))
def test_predicted_parameters_are_those_of_the_model(shape):
    config = ModelConfig(**SMALL, **shape)
    assert count_parameters(config)["total"] == sum(p.numel() for p in Transformer(config).parameters())


def test_known_sizes():
    gpt2 = ModelConfig(
        50257, 1024, 768, 12, 12, positions="learned", norm="layernorm", bias=True, tie_embeddings=True
    )
    assert count_parameters(gpt2)["total"] == 124_439_808


@pytest.mark.parametrize(
    "shape",
    [
        {**SMALL, "activation": "relu2"},
        {**SMALL, "activation": "swiglu", "n_kv_heads": 1, "d_head": 6},
        {**LSTM, "n_ctx": 64},
        {**LSTM, "n_ctx": 64, "bias": True, "tie_embeddings": True},
    ],
)
def test_predicted_flops_are_those_that_are_counted(shape):
    config = ModelConfig(**shape)
    model, tokens = build_model(config).double(), torch.zeros(2, config.n_ctx, dtype=torch.long)
    with FlopCounterMode(display=False) as forward, sdpa_kernel(SDPBackend.MATH):
        loss = model(tokens).sum()
    assert forward.get_total_flops() / tokens.numel() == pytest.approx(
        flops_per_token(config, backward=False), rel=0.02
    )
    with FlopCounterMode(display=False) as backward, sdpa_kernel(SDPBackend.MATH):
        loss.backward()
    total = forward.get_total_flops() + backward.get_total_flops()
    assert total / tokens.numel() == pytest.approx(flops_per_token(config), rel=0.02)


def test_the_flops_of_a_step_count_all_its_batches():
    config = RunConfig(
        model=ModelConfig(**SMALL), optim=OptimConfig(), train=TrainConfig(batch_size=3, accumulate=5)
    )
    flops = flops_per_step(config)
    assert flops["forward"] + flops["backward"] == 15 * 12 * flops_per_token(config.model)
    assert flops["total"] == sum(count for part, count in flops.items() if part != "total")


def test_muons_flops_are_mostly_those_of_its_products():
    model = ModelConfig(d_vocab=8, n_ctx=8, d_model=64, n_heads=4, n_layers=1)
    products = 5 * (4 * 6 * 64**3 + 2 * (4 * 4 * 64**3 + 2 * 64**3))
    extra = optimizer_flops(model, OptimConfig(optimizer="muon")) - products
    assert 0 < extra < 20 * count_parameters(model)["total"]


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
@pytest.mark.parametrize("qk_norm", [False, True])
@pytest.mark.parametrize(("positions", "n_kv_heads"), [("learned", 4), ("rotary", 2)])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("half", [False, True])
def test_what_is_kept_for_the_backward_pass(norm, activation, qk_norm, positions, n_kv_heads, dropout, half):
    shape = {"norm": norm, "activation": activation, "qk_norm": qk_norm, "dropout": dropout}
    shape |= {"positions": positions, "n_kv_heads": n_kv_heads}
    config = ModelConfig(d_vocab=50, n_ctx=32, d_model=64, n_heads=4, n_layers=2, **shape)
    assert kept(config, half) == pytest.approx(kept_per_token(config, HALF if half else FULL), rel=0.08)


@pytest.mark.parametrize(("bias", "dropout"), [(False, 0.0), (True, 0.1)])
@pytest.mark.parametrize("half", [False, True])
def test_what_an_lstm_keeps(bias, dropout, half):
    shape = {"architecture": "lstm", "bias": bias, "dropout": dropout}
    config = ModelConfig(d_vocab=50, n_ctx=32, d_model=64, n_layers=2, **shape)
    assert kept(config, half) == pytest.approx(kept_per_token(config, HALF if half else FULL), rel=0.15)


def kept(config, half, batch=4):
    """Bytes a token that autograd keeps, without the weights and their copies in bfloat16."""
    model = build_model(config).train()
    weights = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        kept_alive.append(tensor)
        return tensor

    kept_alive = []
    tokens = torch.randint(config.d_vocab, (batch, config.n_ctx))
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=half),
    ):
        model(tokens)
    copied = config.d_vocab * config.d_model + sum(r * c * n for r, c, n in matrix_shapes(config))
    return (sum(storages.values()) - (HALF * copied if half else 0)) / tokens.numel()


@pytest.mark.parametrize("optimizer", ["adamw", "adamw_plain", "sgd", "muon"])
@pytest.mark.parametrize("architecture", ["transformer", "lstm"])
def test_the_optimizers_state(optimizer, architecture):
    model_config = ModelConfig(**SMALL, architecture=architecture, activation="swiglu", n_kv_heads=1)
    config = RunConfig(model=model_config, optim=OptimConfig(optimizer=optimizer))
    model = build_model(model_config)
    built = build_optimizer(model, config.optim)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    built.step()
    tensors = [v for state in built.state.values() for v in state.values() if isinstance(v, torch.Tensor)]
    held = sum(t.numel() * t.element_size() for t in tensors if t.dim() > 0)
    assert optimizer_bytes(config) == held


def with_vocabulary(name, d_vocab, **train):
    config = preset(name).config
    model = dataclasses.replace(config.model, d_vocab=d_vocab)
    return dataclasses.replace(config, model=model, train=dataclasses.replace(config.train, **train))


def test_gpt2_xl_in_80_gigabytes_and_how_many_days():
    config = with_vocabulary("gpt2-xl", 50_257, precision="float32")
    found = estimate(config, memory_bytes=80 * 10**9, flops_per_second=19.5e12, mfu=0.5)
    n = 1_557_611_200
    assert found.parameters["total"] == n
    assert found.memory["weights"] + found.memory["gradients"] + found.memory["optimizer"] == 16 * n
    assert found.fits
    assert 1 <= found.largest_batch < 15
    assert peak_bytes(config, found.largest_batch) <= 80e9 < peak_bytes(config, found.largest_batch + 1)
    # 6 operations a parameter and token, and attention: 12 * n_layers * n_ctx * d_model a token.
    a_step = 1024 * 1024 * (6 * (n - 1024 * 1600) + 12 * 48 * 1024 * 1600)
    days = 400_000 * a_step / 9.75e12 / 86_400
    assert found.run_seconds / 86_400 == pytest.approx(days, rel=0.01)
    assert found.mfu == 0.5


@pytest.mark.parametrize(
    ("name", "free", "words"),
    [
        ("shakespeare-gpu", 10**9, "with accumulate at"),
        ("arena", 55 * 10**7, "a context of"),
        ("gpt2", 29 * 10**8, "a context of"),
        ("gpt2-xl", 20 * 10**9, "layers with a batch of 1"),
        ("gpt2-xl", 10**9, "one layer of d_model"),
        ("gpt2-xl", 10**6, "fewer and narrower"),
    ],
)
def test_what_can_not_fit_is_refused_with_a_change_that_would(name, free, words):
    config = with_vocabulary(name, 50_257, precision="float32")
    found = estimate(config, memory_bytes=free)
    assert not found.fits
    assert words in found.advice
    with pytest.raises(ConfigError, match=words):
        check_fits(config, free)


def test_the_batch_that_is_offered_fits_and_a_step_learns_as_much():
    config = with_vocabulary("shakespeare-gpu", 65, precision="float32")
    free = 10**9
    words = estimate(config, memory_bytes=free).advice.split()
    batch = int(words[words.index("of", words.index("batch")) + 1])
    accumulate = int(words[words.index("at") + 1].rstrip(","))
    assert batch * accumulate >= config.train.batch_size
    check_fits(with_vocabulary("shakespeare-gpu", 65, batch_size=batch, accumulate=accumulate), free)


def test_the_references_are_counted_as_they_are():
    import numpy as np

    from playground.knowledge import build_knowledge

    rows = torch.arange(600).view(2, 300) % 7
    for d_vocab in (7, 20_000):
        model = dataclasses.replace(with_vocabulary("tiny", d_vocab).model, n_ctx=300)
        knowledge = build_knowledge(np.arange(5000) % 7, rows, rows, model)
        assert reference_bytes(d_vocab) == knowledge.log_probs.numel() * 4


def test_loss_and_attention_are_cut_where_it_is_counted():
    assert LOGITS_AT_A_TIME == CHUNK_NUMBERS
    assert LONGEST_KEPT == LONGEST


def test_larger_batches_take_more_and_the_largest_is_the_last_that_fits():
    config = with_vocabulary("fast", 1024)
    assert peak_bytes(config, 1) < peak_bytes(config, 8) < peak_bytes(config, 9)
    assert largest_batch(config, peak_bytes(config, 8)) == 8
    assert largest_batch(config, peak_bytes(config, 8) - 1) == 7
    assert largest_batch(config, 1000) == 0
    assert memory_parts(config, half=True)["total"] < memory_parts(config)["total"]


def a_machine(**changes):
    names = ["linear", "lstm_steps", "attention", "attention_dropout", "embed", "add", "dropout", "loss"]
    names += ["norm_layernorm", "norm_rmsnorm", "qk_norm", "rotate", "adamw", "adamw_plain", "sgd", "clip"]
    names += ["zeros", "accumulate", "qk_norm_rotate", "step", "muon"]
    names += [*(f"activation_{name}" for name in ("gelu", "gelu_tanh", "relu2", "swiglu"))]
    values = {"device": "cpu", "threads": 2, "memory_bytes": 10**10, "process_bytes": 10**8, "half": False}
    seconds = dict.fromkeys(names, ((1000.0, 1e-05), (1000000.0, 0.001)))
    return Machine(**{**values, "peak_flops": 1e11, "seconds": seconds, **changes})


def test_time_is_a_power_law_between_measured_sizes_and_linear_beyond():
    points = a_machine().seconds["linear"]
    assert seconds_of(points, 10) == 1e-5
    assert seconds_of(points, 1e3) == pytest.approx(1e-5)
    assert seconds_of(points, 10**4.5) == pytest.approx(1e-4)
    assert seconds_of(points, 5e6) == pytest.approx(5e-3)


@pytest.mark.parametrize("name", ["fast", "arena", "course-lstm", "shakespeare-gpu", "gpt2-style"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_time_is_predicted_from_the_pieces(name, optimizer):
    config = with_vocabulary(name, 500)
    config = dataclasses.replace(config, optim=dataclasses.replace(config.optim, optimizer=optimizer))
    machine = a_machine()
    found = estimate(config, machine)
    assert found.step_seconds == step_seconds(config, machine) > 0
    assert found.run_seconds > found.step_seconds * config.train.steps, "it is evaluated as well"
    assert found.mfu == pytest.approx(found.flops["total"] / found.step_seconds / 1e11)
    twice = dataclasses.replace(config, train=dataclasses.replace(config.train, accumulate=1000))
    assert step_seconds(twice, machine) > 100 * found.step_seconds / config.train.accumulate
    references = 4 * 3 * 256 * 500
    assert found.memory["process"] == 10**8 + references
    loose = estimate(config, dataclasses.replace(machine, slack=1.5))
    moving = peak_bytes(config) - found.memory["weights"] - found.memory["optimizer"]
    assert loose.memory["total"] - found.memory["total"] == pytest.approx(0.5 * moving, abs=1)
    assert loose.memory["allocator"] == pytest.approx(0.5 * moving, abs=1)


def test_the_threads_are_those_that_a_run_would_choose():
    config, machine = with_vocabulary("fast", 500), a_machine()
    alone = {name: tuple((size, 2 * t) for size, t in points) for name, points in machine.seconds.items()}
    both = dataclasses.replace(machine, alone=alone)
    assert step_seconds(config, both) == step_seconds(config, machine)
    barely = {name: tuple((size, 1.1 * t) for size, t in points) for name, points in machine.seconds.items()}
    slower = dataclasses.replace(machine, alone=barely)
    assert step_seconds(config, slower) > step_seconds(config, machine), "one thread is nearly as fast"
    assert (threads_of(config, both), threads_of(config, slower)) == (2, 1)
    two = with_vocabulary("fast", 500, threads=2)
    assert step_seconds(two, slower) == step_seconds(two, machine)


def test_pieces_take_together_what_whole_steps_took():
    config, machine = with_vocabulary("fast", 500), a_machine()
    alone = sum_of_pieces(config, machine.seconds)
    for factor in (1.0, 1.3):
        whole = ((alone / 10, factor * alone / 10), (alone * 10, factor * alone * 10))
        found = step_seconds(config, dataclasses.replace(machine, seconds={**machine.seconds, "step": whole}))
        assert found == pytest.approx(factor * alone)
    small = ((alone * 10, alone * 15), (alone * 100, alone * 100))
    found = step_seconds(config, dataclasses.replace(machine, seconds={**machine.seconds, "step": small}))
    assert found == pytest.approx(1.5 * alone), "below the smallest as there"


def test_evaluations_take_a_third_of_a_batch_each():
    config = with_vocabulary(
        "fast", 500, eval_every=10, checkpoint_every=15, eval_sequences=16, batch_size=8, accumulate=2
    )
    assert evaluation_seconds(config, 6.0) * 30 == pytest.approx(4 * 2 * 1.0)  # at 10, 15, 20 and 30


def test_time_in_a_precision_that_was_not_measured_is_not_made_up():
    config = with_vocabulary("fast", 500, precision="bfloat16")
    assert estimate(config, a_machine()).step_seconds is None
    assert estimate(config, a_machine(half=True)).step_seconds > 0


def test_measurements_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    assert load_machine() is None
    save_machine(a_machine())
    assert load_machine() == a_machine()
    values = json.loads(machine_file().read_text())
    machine_file().write_text(json.dumps({**values, "format": 0}))
    assert load_machine() is None


def test_an_unknown_vocabulary_is_refused():
    with pytest.raises(ConfigError, match="d_vocab"):
        estimate(RunConfig())


def test_bytes_in_words():
    assert [gigabytes(n) for n in (1.234e9, 5.6e6, 789e3, 2.5e12)] == [
        "1.23 GB",
        "5.6 MB",
        "789 kB",
        "2,500 GB",
    ]
