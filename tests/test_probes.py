import dataclasses

import pytest

from playground.accounting import Probe, estimate, is_short, keep_probe, known_probe, probes
from tests.accounting_parts import a_machine, with_vocabulary


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))


PROBE = Probe(threads=2, step_seconds=0.05, batch_seconds=0.04)


def test_steps_that_were_timed_take_the_place_of_pieces():
    config, machine = with_vocabulary("fast", 500, accumulate=3, eval_every=1000), a_machine()
    found, plain = estimate(config, machine, PROBE), estimate(config, machine)
    assert found.step_seconds == pytest.approx(0.05 + 2 * 0.04)
    assert found.mfu == pytest.approx(found.flops["total"] / 0.13 / machine.peak_flops)
    assert (found.probed, plain.probed) == (True, False)
    assert plain.step_seconds != found.step_seconds
    assert found.memory == plain.memory
    described = estimate(config, machine, PROBE, flops_per_second=1e12, mfu=0.5)
    assert described.step_seconds == found.flops["total"] / 0.5e12
    assert not described.probed


def test_a_precision_of_which_no_pieces_were_timed_can_be_timed_itself():
    config = with_vocabulary("fast", 500, precision="bfloat16")
    assert estimate(config, a_machine()).step_seconds is None
    assert estimate(config, a_machine(), PROBE).step_seconds == 0.05


def test_a_probe_is_kept_for_its_shape_and_machine_alone():
    config, machine = with_vocabulary("fast", 500), a_machine()
    assert known_probe(config, machine) is None
    keep_probe(config, machine, PROBE)
    assert known_probe(config, machine) == PROBE
    for same in ({"accumulate": 7}, {"steps": 9}, {"eval_every": 3}):
        assert known_probe(with_vocabulary("fast", 500, **same), machine) == PROBE, same
    for other in ({"batch_size": 9}, {"precision": "float32"}, {"threads": 1}):
        assert known_probe(with_vocabulary("fast", 500, **other), machine) is None, other
    assert known_probe(with_vocabulary("fast", 501), machine) is None
    sgd = dataclasses.replace(config, optim=dataclasses.replace(config.optim, optimizer="sgd"))
    assert known_probe(sgd, machine) is None
    assert known_probe(config, a_machine(threads=4)) is None


def test_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(probes, "MOST", 3)
    configs, machine = [with_vocabulary("fast", 500 + i) for i in range(4)], a_machine()
    for config in (*configs[:3], configs[0], configs[3]):
        keep_probe(config, machine, PROBE)
    assert [known_probe(config, machine) is not None for config in configs] == [True, False, True, True]


def test_only_short_steps_are_timed():
    machine = a_machine()
    assert is_short(with_vocabulary("tiny", 65), machine)
    assert is_short(with_vocabulary("tiny", 65, accumulate=1000), machine), "one batch is timed for all"
    assert not is_short(with_vocabulary("arena", 50_257), machine)
    assert not is_short(with_vocabulary("tiny", 65, device="cuda"), machine)
    assert not is_short(with_vocabulary("tiny", 65, lora_rank=4), machine)
