import numpy as np
import pytest
import torch

from playground.dataset import evaluation_starts, get_batch


def test_targets_are_the_inputs_one_token_on():
    tokens = np.arange(100, dtype=np.uint16)
    inputs, targets = get_batch(tokens, 16, 9, "cpu")
    assert inputs.shape == targets.shape == (16, 9)
    assert inputs.dtype == targets.dtype == torch.long
    assert torch.equal(inputs + 1, targets)


def test_every_window_that_fits_is_drawn_equally_often():
    tokens = np.arange(12, dtype=np.uint16)
    generator = torch.Generator().manual_seed(0)
    starts = torch.cat([get_batch(tokens, 500, 7, "cpu", generator)[0][:, 0] for _ in range(10)])
    counts = torch.bincount(starts)
    assert len(counts) == 5
    assert counts.min() > 900
    assert counts.max() < 1100


def test_the_generator_decides_the_batch():
    tokens = np.arange(1000)
    batches = [get_batch(tokens, 4, 8, "cpu", torch.Generator().manual_seed(s))[0] for s in (1, 1, 2)]
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])


def test_a_text_shorter_than_a_context_is_refused():
    with pytest.raises(ValueError, match="8 tokens.*n_ctx = 8"):
        get_batch(np.arange(8), 1, 8, "cpu")
    assert get_batch(np.arange(9), 2, 8, "cpu")[1][0, -1] == 8


@pytest.mark.parametrize(
    ("n_tokens", "wanted", "n_ctx"), [(1001, 10, 10), (1000, 1000, 10), (12, 5, 11), (500, 7, 13)]
)
def test_evaluation_windows_fit_and_never_overlap(n_tokens, wanted, n_ctx):
    starts = evaluation_starts(n_tokens, wanted, n_ctx)
    assert 1 <= len(starts) <= wanted
    assert starts[0] == 0
    assert all(b - a >= n_ctx for a, b in zip(starts, starts[1:], strict=False))
    assert starts[-1] + n_ctx + 1 <= n_tokens
