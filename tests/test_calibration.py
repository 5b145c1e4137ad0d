import numpy as np
import torch

from playground import calibration
from playground.calibration import available_cores, best_of, choose_threads, peak_flops, thread_candidates
from playground.training import Data
from tests.test_training import CONFIG, CPU, fresh, weights


def test_more_threads_must_be_clearly_faster():
    assert best_of({1: 1.0, 2: 0.9}) == 1
    assert best_of({1: 1.0, 2: 0.6}) == 2
    assert best_of({1: 1.0, 2: 1.4, 4: 0.5}) == 4
    assert best_of({1: 1.0, 2: 0.6, 4: 0.55}) == 2


def test_candidates_end_at_the_number_of_cores():
    assert [thread_candidates(n) for n in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]
    assert available_cores() >= 1


def test_measuring_leaves_weights_gradients_and_generators_alone():
    model, _ = fresh()
    before, threads = weights(model), torch.get_num_threads()
    state = torch.get_rng_state()
    chosen = choose_threads(model, Data(np.arange(500) % 6, np.arange(9), 1.0), CONFIG)
    torch.set_num_threads(threads)
    assert chosen in thread_candidates(available_cores())
    assert torch.equal(weights(model), before)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())


def test_the_peak_is_a_plausible_number():
    assert 1e8 < peak_flops(CPU) < 1e14


def test_the_peak_is_that_of_the_precision_of_the_run(monkeypatch):
    seconds = {torch.float32: 2.0, torch.bfloat16: 0.5}
    monkeypatch.setattr(calibration, "product_seconds", lambda size, device, dtype: seconds[dtype])
    assert peak_flops(CPU, "bfloat16") == 4 * peak_flops(CPU, "float32")
