import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from playground.dataset import NO_TARGET, Padded, evaluation_starts, get_batch


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


def padded_text(lengths):
    """Documents 1 1 1 ... , 2 2 ... with end token 0 around each, and where they start."""
    tokens, starts = [0], []
    for number, length in enumerate(lengths, start=1):
        starts.append(len(tokens))
        tokens += [number] * length + [0]
    return np.array(tokens, dtype=np.uint16), np.array([*starts, len(tokens)])


def test_a_padded_row_is_one_document_between_its_end_tokens():
    rows = Padded(*padded_text([3, 1]), n_ctx=8)
    inputs, targets = rows.take([0, 1], "cpu")
    assert inputs.tolist() == [[0, 1, 1, 1], [0, 2, 0, 0]]
    assert targets.tolist() == [[1, 1, 1, 0], [2, 0, NO_TARGET, NO_TARGET]]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 12))
def test_padded_rows_predict_every_token_of_every_document_once(lengths, n_ctx):
    tokens, starts = padded_text(lengths)
    rows = Padded(tokens, starts, n_ctx)
    found = []
    for row in range(rows.n_rows):
        inputs, targets = rows.take([row], "cpu")
        assert inputs.shape[1] <= n_ctx
        assert len(set(targets[0].tolist()) - {0}) <= 1, "two documents in one row"
        found += targets[0].tolist()
    assert found == tokens[1:].tolist()


def test_padded_evaluation_rows_are_spread_over_all():
    rows = Padded(*padded_text([5] * 100), n_ctx=3)
    assert rows.n_rows == 200
    assert rows.evaluation_rows(10_000) == list(range(200))
    assert rows.evaluation_rows(4) == [0, 50, 100, 150]


def test_every_padded_row_is_drawn_about_equally_often():
    rows = Padded(*padded_text([2] * 10), n_ctx=5)
    inputs, _ = rows.draw(5000, "cpu", torch.Generator().manual_seed(0))
    counts = torch.bincount(inputs[:, 1])[1:]
    assert len(counts) == 10
    assert counts.min() > 400
    assert counts.max() < 600
