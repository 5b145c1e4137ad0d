import dataclasses
import time

import pytest
import torch

from playground import probe as probe_module
from playground.accounting import known_probe
from playground.config import OptimConfig
from playground.probe import measure_steps, probe
from playground.training import train_step
from tests.accounting_parts import a_machine
from tests.small_runs import small_config

CPU = torch.device("cpu")


def config_of(**train):
    config = small_config(**train)
    return dataclasses.replace(config, model=dataclasses.replace(config.model, d_vocab=30))


def test_steps_are_timed_with_the_update_and_batches_without(monkeypatch):
    """By a step that takes a known time: 20 ms a batch, 30 ms for the update."""

    def slow_step(model, optimizer, rows, config, *args, **kwargs):
        time.sleep(0.02 * config.train.accumulate + 0.03)

    monkeypatch.setattr(probe_module, "train_step", slow_step)
    monkeypatch.setattr(probe_module, "rehearsal", lambda *args: lambda: time.sleep(0.02))
    monkeypatch.setattr(probe_module, "SECONDS", 0.0)
    found = measure_steps(config_of(accumulate=5), CPU)
    assert found.step_seconds == pytest.approx(0.05, rel=0.5)
    assert found.step_seconds > 1.5 * found.batch_seconds
    assert found.threads == 1, "as the config says"


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_everything_is_left_as_it_was_and_what_was_found_is_kept(tmp_path, monkeypatch, optimizer):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setattr(probe_module, "SECONDS", 0.0)
    steps = []
    monkeypatch.setattr(probe_module, "train_step", lambda *a, **k: steps.append(train_step(*a, **k)))
    config = dataclasses.replace(config_of(threads=0), optim=OptimConfig(optimizer=optimizer))
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    found = probe(config, a_machine())
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state), "the generator was moved"
    assert known_probe(config, a_machine()) == found
    assert 0 < found.batch_seconds <= found.step_seconds < 10
    losses = [loss.item() for loss, _, _ in steps]
    assert len(set(losses)) == len(losses), "it is not trained"
