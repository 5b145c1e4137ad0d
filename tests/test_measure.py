import dataclasses
import math

import pytest
import torch

from playground import measure
from playground.accounting.seconds import batch_pieces, step_pieces
from playground.config import ModelConfig, OptimConfig, RunConfig
from tests.test_transformer import SHAPES, SMALL


@pytest.fixture(scope="module")
def machine():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "ROUNDS", 1)
        threads, state = torch.get_num_threads(), torch.get_rng_state()
        found = measure.measure_machine(torch.device("cpu"), threads=1)
        assert torch.get_num_threads() == threads
        assert torch.equal(torch.get_rng_state(), state), "the generator was moved"
    return found


def test_every_piece_of_every_model_is_measured(machine):
    shapes = [*({**SMALL, **shape, "dropout": 0.1 * (i % 2)} for i, shape in enumerate(SHAPES))]
    shapes += [{**SMALL, "architecture": "lstm"}]
    for shape in shapes:
        for name, size, count in batch_pieces(ModelConfig(**shape), tokens=24):
            assert name in machine.seconds
            assert size > 0 < count
    for optimizer in ("adamw", "adamw_plain", "sgd", "muon"):
        config = RunConfig(model=ModelConfig(**SMALL), optim=OptimConfig(optimizer=optimizer))
        assert all(name in machine.seconds for name, _, _ in step_pieces(config))
    assert len(machine.seconds["step"]) == 2
    assert machine.alone == {}, "it was measured on one thread"


def test_measurements_are_positive_and_by_rising_size(machine):
    for points in machine.seconds.values():
        sizes = [size for size, _ in points]
        assert sizes == sorted(set(sizes))
        assert all(seconds > 0 and math.isfinite(seconds) for _, seconds in points)
    assert machine.peak_flops > 1e8
    assert machine.process_bytes > 10**7
    assert machine.memory_bytes > machine.process_bytes
    assert dataclasses.asdict(machine)["device"] == "cpu"
