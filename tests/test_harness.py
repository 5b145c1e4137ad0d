import pytest
import torch
from torch.nn import functional as F

from playground.evaluation.harness import continuation_log_probs, prefix_token
from tests.kept_runs import char_tokenizer, drawn_model


@torch.no_grad()
def test_log_probabilities_of_continuations():
    model = drawn_model(30, n_ctx=12).double()
    generator = torch.Generator().manual_seed(0)
    sizes = [(3, 2), (1, 1), (9, 3), (20, 2), (2, 12)]
    pairs = [tuple(torch.randint(30, (n,), generator=generator).tolist() for n in size) for size in sizes]
    for (context, continuation), (found, is_greedy) in zip(
        pairs, continuation_log_probs(model, pairs, 2), strict=True
    ):
        row = [*context, *continuation][-13:]
        log_probs = model(torch.tensor([row[:-1]]))[0].log_softmax(-1)
        n = min(len(continuation), len(row) - 1)
        right = torch.tensor(row[-n:])
        assert found == pytest.approx(-F.nll_loss(log_probs[-n:], right, reduction="sum").item(), abs=1e-9)
        assert is_greedy == bool((log_probs[-n:].argmax(-1) == right).all())


def test_a_text_without_context_follows_the_end_token_or_a_line_break():
    assert prefix_token(char_tokenizer()) == char_tokenizer().end_id
    without = char_tokenizer(end_token=False)
    assert prefix_token(without) == without.encode("\n")[0]
