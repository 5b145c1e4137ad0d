import dataclasses

import pytest

from playground.accounting import estimate, peak_bytes
from playground.accounting.memory import SAMPLER
from playground.accounting.seconds import step_seconds
from playground.config import ConfigError, RunConfig
from tests.accounting_parts import a_machine, with_vocabulary


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
    sampler = 0 if config.model.architecture == "lstm" else SAMPLER
    assert found.memory["process"] == 10**8 + references + sampler
    loose = estimate(config, dataclasses.replace(machine, slack=1.5))
    moving = peak_bytes(config) - found.memory["weights"] - found.memory["optimizer"]
    assert loose.memory["total"] - found.memory["total"] == pytest.approx(0.5 * moving, abs=1)
    assert loose.memory["allocator"] == pytest.approx(0.5 * moving, abs=1)


def test_time_in_a_precision_that_was_not_measured_is_not_made_up():
    config = with_vocabulary("fast", 500, precision="bfloat16")
    assert estimate(config, a_machine()).step_seconds is None
    assert estimate(config, a_machine(half=True)).step_seconds > 0


def test_an_unknown_vocabulary_is_refused():
    with pytest.raises(ConfigError, match="d_vocab"):
        estimate(RunConfig())
