import pytest
import torch
from torch.nn import functional as F

from playground import linear_loss
from playground.dataset import NO_TARGET
from playground.linear_loss import linear_cross_entropy, score


def problem(scale=1.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(3, 7, 5, generator=generator, dtype=dtype, requires_grad=True)
    weight = (scale * torch.randn(11, 5, generator=generator, dtype=dtype)).requires_grad_()
    targets = torch.randint(11, (3, 7), generator=generator)
    targets[0, 2], targets[2, 4:] = NO_TARGET, NO_TARGET
    return hidden, weight, targets


@pytest.mark.parametrize("numbers", [1, 25, 1 << 20])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_loss_and_gradients_equal_the_plain_path(monkeypatch, numbers, scale):
    monkeypatch.setattr(linear_loss, "CHUNK_NUMBERS", numbers)
    hidden, weight, targets = problem(scale)
    plain = F.cross_entropy((hidden @ weight.T).flatten(0, 1), targets.flatten(), reduction="sum")
    expected = torch.autograd.grad(0.3 * plain, (hidden, weight))
    loss = linear_cross_entropy(hidden, weight, targets)
    gradients = torch.autograd.grad(0.3 * loss, (hidden, weight))
    torch.testing.assert_close(loss, plain, atol=1e-10, rtol=1e-12)
    for ours, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("numbers", [25, 1 << 20])
def test_score_counts_loss_and_right_answers(monkeypatch, numbers):
    monkeypatch.setattr(linear_loss, "CHUNK_NUMBERS", numbers)
    hidden, weight, targets = problem()
    logits = hidden @ weight.T
    targets[1] = logits[1].argmax(dim=-1)
    losses, correct = score(hidden, weight, targets)
    plain = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    torch.testing.assert_close(losses.flatten(), plain, atol=1e-10, rtol=0)
    assert not losses[targets == NO_TARGET].any()
    assert correct == int((logits.argmax(dim=-1) == targets).sum()) >= 7


def test_under_autocast_products_are_rounded_and_the_loss_is_not():
    hidden, weight, targets = problem(dtype=torch.float32)
    exact = linear_cross_entropy(hidden, weight, targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = linear_cross_entropy(hidden, weight, targets)
    gradients = torch.autograd.grad(rounded, (hidden, weight))
    assert rounded.dtype == torch.float32
    assert rounded != exact
    torch.testing.assert_close(rounded, exact, atol=0, rtol=0.01)
    for ours, theirs in zip(gradients, torch.autograd.grad(exact, (hidden, weight)), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, atol=0.05, rtol=0.05)


def test_logits_are_never_all_there_at_once(monkeypatch):
    """No tensor that autograd keeps or a chunk makes has as many numbers as the logits."""
    monkeypatch.setattr(linear_loss, "CHUNK_NUMBERS", 40)
    seen = []
    original = linear_loss._logits
    monkeypatch.setattr(linear_loss, "_logits", lambda h, w: seen.append(original(h, w)) or seen[-1])
    hidden, weight, targets = problem()
    linear_cross_entropy(hidden, weight, targets).backward()
    assert max(logits.numel() for logits in seen) <= 40
    assert sum(len(logits) for logits in seen) == targets.numel()
