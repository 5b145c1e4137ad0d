import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from playground.config import ModelConfig
from playground.dataset import NO_TARGET, PackedAnswers, Padded, evaluation_starts, get_batch
from playground.models import Transformer


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


@pytest.mark.parametrize(("n_tokens", "n_ctx"), [(12, 7), (300, 60), (61, 60)])
def test_starts_are_uniform_over_every_place_first_and_last_included(n_tokens, n_ctx):
    drawn, places = 40_000, n_tokens - n_ctx
    generator = torch.Generator().manual_seed(1)
    inputs, targets = get_batch(np.arange(n_tokens), drawn, n_ctx, "cpu", generator)
    counts = torch.bincount(inputs[:, 0], minlength=places).double()
    assert len(counts) == places  # the first start is 0, the last the one whose last target ends the text
    assert int(targets.max()) == n_tokens - 1
    assert counts.min() > 0
    chi2 = float(((counts - drawn / places) ** 2 / (drawn / places)).sum())
    degrees = places - 1
    assert abs(chi2 - degrees) <= 4 * math.sqrt(2 * degrees)  # four standard deviations of a fair draw


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_what_fills_a_padded_row_changes_no_logits_and_no_gradient_of_the_document(positions):
    config = ModelConfig(d_vocab=5, n_ctx=8, d_model=16, n_heads=2, n_layers=2, positions=positions)
    torch.manual_seed(0)
    model = Transformer(config).double()
    inputs, targets = Padded(*padded_text([3, 1]), n_ctx=8).take([0, 1], "cpu")
    logits = []
    for filling in (0, 4):
        filled = torch.where(targets == NO_TARGET, filling, inputs)
        model.zero_grad()
        out = model(filled)
        nn.functional.cross_entropy(out.flatten(0, 1), targets.flatten(), ignore_index=NO_TARGET).backward()
        logits.append((out.detach()[targets != NO_TARGET], [p.grad.clone() for p in model.parameters()]))
    torch.testing.assert_close(logits[0][0], logits[1][0], rtol=0, atol=1e-12)
    for one, other in zip(logits[0][1], logits[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


marks = st.lists(st.booleans(), min_size=14, max_size=80)


@given(marks, st.integers(1, 12))
def test_packed_answers_are_all_windows_with_a_target_and_their_targets_only(marks, n_ctx):
    learned, tokens = np.array(marks), np.arange(len(marks), dtype=np.uint16)
    rows = PackedAnswers(tokens, n_ctx, learned)
    expected = [b for b in range(len(marks) - n_ctx) if any(marks[b + 1 : b + n_ctx + 1])]
    assert rows.n_rows == len(expected)
    for row, begin in enumerate(expected):
        inputs, targets = rows.take([row], "cpu")
        span = range(begin, begin + n_ctx)
        assert inputs[0].tolist() == list(span)
        assert targets[0].tolist() == [i + 1 if marks[i + 1] else NO_TARGET for i in span]
    apart = [expected[row] for row in rows.evaluation_rows(10**6)]
    assert apart == [begin for begin in expected if begin % n_ctx == 0]
    assert len(rows.evaluation_rows(2)) == min(2, len(apart))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 12), st.randoms())
def test_padded_answers_are_every_learned_token_once(lengths, n_ctx, random):
    tokens, starts = padded_text(lengths)
    learned = np.array([False, *(random.random() < 0.4 for _ in tokens[1:])])
    rows = Padded(tokens, starts, n_ctx, learned)
    found = [rows.take([row], "cpu")[1][0] for row in range(rows.n_rows)]
    assert all((targets != NO_TARGET).any() for targets in found)
    assert [t for row in found for t in row.tolist() if t != NO_TARGET] == tokens[learned].tolist()
