"""Looking inside: against full forward passes, brute force, Hugging Face and weights of known heads."""

import math

import numpy as np
import pytest
import torch

from playground.baselines import ngram_log_probs
from playground.config import ModelConfig
from playground.inspection import (
    HeadScores,
    InspectionError,
    attention_patterns,
    head_scores,
    logit_lens,
    ngram_losses,
    predicted_bytes,
    read_padded,
    score_tokens,
    strongest,
    text_head_scores,
    totals,
    windows,
)
from playground.inspection import scores as scores_module
from playground.models import Transformer, build_model
from playground.ngrams import fit_ngrams
from playground.pretrained import to_hf
from playground.tokenizers import CharTokenizer

SMALL = {"d_vocab": 17, "n_ctx": 12, "d_model": 16, "n_heads": 2, "n_layers": 3}
TEXT = torch.randint(17, (40,), generator=torch.Generator().manual_seed(3)).tolist()
EXACT = {"atol": 1e-10, "rtol": 0}


def random_model(**changes):
    torch.manual_seed(1)
    model = build_model(ModelConfig(**{**SMALL, "dropout": 0.1, **changes})).double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.3)
    return model


@torch.no_grad()
def log_probs_after(model, tokens):
    """The model's own forward pass on these tokens alone, in eval mode."""
    return model.eval()(torch.tensor([tokens]))[0, -1].log_softmax(-1)


def test_windows_give_every_position_once_and_enough_to_see():
    for n_ctx in range(1, 14):
        for n_tokens in range(50):
            found = windows(n_tokens, n_ctx)
            assert [i for w in found for i in range(w.first, w.end)] == list(range(n_tokens))
            for window in found:
                assert 0 <= window.start <= window.first
                assert window.end - window.start == min(n_ctx, n_tokens)
                seen = window.first - window.start + 1
                assert window.first == 0 or seen >= n_ctx / 2
    assert len(windows(12, 12)) == 1
    assert len(windows(13, 12)) == 2


@pytest.mark.parametrize("architecture", ["transformer", "lstm"])
@pytest.mark.parametrize("length", [1, 5, 12, 13, 40])
def test_scores_are_those_of_full_forward_passes(architecture, length, monkeypatch):
    monkeypatch.setattr(scores_module, "TOKENS_AT_ONCE", 30)
    monkeypatch.setattr(scores_module, "LOGITS_AT_ONCE", 100)
    model, tokens = random_model(architecture=architecture), TEXT[:length]
    scores = score_tokens(model, tokens, n_top=5)
    assert model.training, "the model is left as it was"
    assert scores.loss.shape == (length - 1,)
    assert scores.top.shape == (length, 5)
    starts = {i: w.start for w in windows(length, 12) for i in range(w.first, w.end)}
    for i in range(length):
        expected = log_probs_after(model, tokens[starts[i] : i + 1])
        order = expected.argsort(descending=True)
        assert scores.top[i].tolist() == order[:5].tolist()
        torch.testing.assert_close(scores.top_probability[i], expected[order[:5]].exp(), **EXACT)
        entropy = -sum(p * math.log(p) for p in expected.exp().tolist())
        assert scores.entropy[i].item() == pytest.approx(entropy, abs=1e-10)
        if i + 1 < length:
            assert scores.loss[i].item() == pytest.approx(-expected[tokens[i + 1]].item(), abs=1e-10)
            assert scores.rank[i] == order.tolist().index(tokens[i + 1]) + 1


def test_tied_tokens_share_the_better_rank_and_a_small_vocabulary_gives_all_of_itself():
    model = random_model(d_vocab=4)
    torch.nn.init.zeros_(model.unembed.weight)
    scores = score_tokens(model, [0, 1, 2, 3])
    assert scores.rank.tolist() == [1, 1, 1]
    assert scores.top.shape == (4, 4)
    torch.testing.assert_close(scores.loss, torch.full((3,), math.log(4), dtype=torch.float64), **EXACT)
    torch.testing.assert_close(scores.entropy, torch.full((4,), math.log(4), dtype=torch.float64), **EXACT)


@pytest.mark.parametrize("look", [score_tokens, attention_patterns, logit_lens])
def test_what_cannot_be_looked_at_is_said(look):
    model = random_model()
    with pytest.raises(InspectionError, match="nothing to inspect"):
        look(model, [])
    with pytest.raises(InspectionError, match="between 0 and 16"):
        look(model, [3, 17])
    if look is not score_tokens:
        with pytest.raises(InspectionError, match="13 tokens do not fit into a context of 12"):
            look(model, TEXT[:13])


def test_an_lstm_has_no_attention():
    for look in (lambda m: attention_patterns(m, TEXT[:5]), head_scores):
        with pytest.raises(InspectionError, match="An LSTM has no attention"):
            look(random_model(architecture="lstm"))
    with pytest.raises(InspectionError, match="n_ctx = 3 is too short"):
        head_scores(random_model(n_ctx=3))


THEIRS = {"atol": 1e-6, "rtol": 0}
"""Their softmax is in float32, whatever the weights are; the brute force below is exact."""

HUGGING_FACE = {
    "gpt2": {"positions": "learned", "norm": "layernorm", "activation": "gelu_tanh", "bias": True}
    | {"qk_norm": False, "tie_embeddings": True},
    "llama": {"positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "bias": False}
    | {"qk_norm": False, "n_kv_heads": 1},
}


@pytest.mark.parametrize("kind", HUGGING_FACE)
@torch.no_grad()
def test_patterns_and_lens_are_those_of_hugging_face(kind):
    model = random_model(**HUGGING_FACE[kind])
    theirs = to_hf(model).double().eval()
    theirs.set_attn_implementation("eager")
    tokens = TEXT[:12]
    out = theirs(torch.tensor([tokens]), output_attentions=True, output_hidden_states=True)
    patterns = attention_patterns(model, tokens)
    torch.testing.assert_close(patterns, torch.cat(out.attentions).double(), **THEIRS)
    lens = logit_lens(model, tokens)
    final_norm = theirs.transformer.ln_f if kind == "gpt2" else theirs.model.norm
    for stage, hidden in enumerate(out.hidden_states[:-1]):
        probs = theirs.lm_head(final_norm(hidden))[0].softmax(-1)
        torch.testing.assert_close(lens.probability[stage], probs.amax(-1), **THEIRS)
        assert lens.top[stage].tolist() == probs.argmax(-1).tolist()


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary", "none"])
@pytest.mark.parametrize("qk_norm", [False, True])
@torch.no_grad()
def test_a_pattern_is_the_softmax_by_which_the_layer_mixes_its_values(positions, qk_norm):
    model = random_model(positions=positions, qk_norm=qk_norm, n_heads=4, n_kv_heads=2).eval()
    patterns = attention_patterns(model, TEXT[:12])
    assert (patterns.sum(-1) - 1).abs().max() < 1e-12
    assert patterns.triu(1).abs().max() == 0
    for layer, block in enumerate(model.blocks):
        seen = []
        block.attention.register_forward_hook(lambda _, given, out, seen=seen: seen.append((given, out)))
        model(torch.tensor([TEXT[:12]]))
        ((x, turn, *_), out) = seen[0]
        q, k, v = block.attention.queries_keys_values(x, turn)
        mixed = torch.zeros_like(q)
        for head in range(4):
            for i in range(12):
                scores = [
                    (q[0, head, i] @ k[0, head // 2, j]).item() / math.sqrt(q.shape[-1]) for j in range(i + 1)
                ]
                weights = np.exp(np.array(scores) - max(scores))
                weights /= weights.sum()
                np.testing.assert_allclose(patterns[layer, head, i, : i + 1], weights, atol=1e-12)
                mixed[0, head, i] = torch.tensor(weights) @ v[0, head // 2, : i + 1]
        torch.testing.assert_close(
            block.attention.out(mixed.transpose(1, 2).reshape(1, 12, -1)), out, **EXACT
        )


@pytest.mark.parametrize("architecture", ["transformer", "lstm"])
@torch.no_grad()
def test_the_last_stage_of_the_lens_is_the_model_and_earlier_ones_are_shorter_models(architecture):
    model, tokens = random_model(architecture=architecture).eval(), TEXT[:12]
    lens = logit_lens(model, tokens)
    assert lens.top.shape == (4, 12)
    assert lens.right.shape == (4, 11)
    for n_layers in (1, 2, 3):
        shorter = random_model(architecture=architecture, n_layers=n_layers).eval()
        weights = model.state_dict()
        shorter.load_state_dict({name: weights[name] for name in shorter.state_dict()})
        probs = shorter(torch.tensor([tokens]))[0].softmax(-1)
        if n_layers == 3:
            assert torch.equal(lens.probability[3], probs.amax(-1))
        torch.testing.assert_close(lens.probability[n_layers], probs.amax(-1), **EXACT)
        assert lens.top[n_layers].tolist() == probs.argmax(-1).tolist()
        entropy = -(probs * probs.log()).sum(-1)
        torch.testing.assert_close(lens.entropy[n_layers], entropy, **EXACT)
        right = torch.stack([probs[i, token] for i, token in enumerate(tokens[1:])])
        torch.testing.assert_close(lens.right[n_layers], right, **EXACT)


N_CTX, D_VOCAB = 16, 32
POSITION, TOKEN, BEFORE = slice(0, 16), slice(16, 48), slice(48, 80)
"""Parts of the stream of the model below."""


@torch.no_grad()
def model_of_known_heads():
    """Layer 0: heads that look one back and at the first token; layer 1: an induction head, an idle one."""
    config = ModelConfig(
        d_vocab=D_VOCAB, n_ctx=N_CTX, d_model=80, n_heads=2, d_head=32, n_layers=2, d_mlp=8,
        positions="learned", qk_norm=False,
    )  # fmt: skip
    model = Transformer(config).double()
    for name, p in model.named_parameters():
        if "norm" not in name:
            p.zero_()
    model.position_embed.weight[:, POSITION] = torch.eye(N_CTX, dtype=torch.float64)
    model.embed.weight[:, TOKEN] = torch.eye(D_VOCAB, dtype=torch.float64)
    copy = model.blocks[0].attention
    q, k, v = copy.qkv.weight.view(3, 2, 32, 80)
    q[0, :N_CTX, POSITION] = 10 * torch.eye(N_CTX)  # position i looks for i
    k[0, 1:N_CTX, POSITION] = torch.eye(N_CTX)[:-1]  # position j is found as j + 1
    v[0, :, TOKEN] = torch.eye(32)
    copy.out.weight[BEFORE, :32] = torch.eye(32)
    q[1, 0, POSITION], k[1, 0, 0] = 10, 10
    induction = model.blocks[1].attention
    q, k, _ = induction.qkv.weight.view(3, 2, 32, 80)
    q[0, :, TOKEN], k[0, :, BEFORE] = 10 * torch.eye(32), torch.eye(32)
    return model


def test_heads_of_known_weights_are_named():
    found = head_scores(model_of_known_heads())
    assert [(h.layer, h.head, h.name) for h in found] == [
        (0, 0, "previous-token"), (0, 1, "first-token"), (1, 0, "induction"), (1, 1, ""),
    ]  # fmt: skip
    assert found[0].previous > 0.98
    assert found[1].first > 0.98
    assert found[2].induction > 0.7
    uniform = sum(1 / (i + 1) for i in range(1, N_CTX)) / (N_CTX - 1)
    assert found[3].previous == pytest.approx(uniform, abs=1e-12)
    assert found[3].first == pytest.approx(uniform, abs=1e-12)
    late = sum(1 / (i + 1) for i in range(8, N_CTX)) / 8
    assert found[3].induction == pytest.approx(late, abs=1e-12)
    assert HeadScores(0, 0, 0.39, 0.1, 0.2).name == ""


def test_heads_are_scored_on_a_text_by_counting_where_they_look():
    model, tokens = random_model(d_vocab=4, n_layers=2), [0, 1, 0, 0, 2, 1, 3, 1, 2, 0]
    patterns = attention_patterns(model, tokens)
    for found in text_head_scores(patterns, tokens):
        pattern = patterns[found.layer, found.head].numpy()
        assert found.previous == pytest.approx(np.mean([pattern[i, i - 1] for i in range(1, 10)]), abs=1e-12)
        assert found.first == pytest.approx(pattern[1:, 0].mean(), abs=1e-12)
        after = [{j + 1 for j in range(i - 1) if tokens[j] == token} for i, token in enumerate(tokens)]
        shares = [sum(pattern[i, j] for j in places) for i, places in enumerate(after) if places]
        assert len(shares) == 6
        assert found.induction == pytest.approx(np.mean(shares), abs=1e-12)
    (alone, *_) = text_head_scores(attention_patterns(model, [1]), [1])
    assert (alone.previous, alone.first, alone.induction) == (0, 0, 0)
    known = [5, 9, 3, 7, 11, 2, 5, 9, 3, 7, 11, 2]
    names = [h.name for h in text_head_scores(attention_patterns(model_of_known_heads(), known), known)]
    assert names == ["previous-token", "first-token", "induction", ""]


def test_totals_in_three_units():
    found = totals([math.log(2), math.log(8)], n_bytes=4)
    assert found.nats == pytest.approx(2 * math.log(2))
    assert found.bits_per_byte == pytest.approx(1.0)
    assert found.perplexity == pytest.approx(4.0)
    assert totals([], 0) is None
    assert totals([1.0], 0).bits_per_byte is None


def test_bytes_of_what_is_predicted():
    tokenizer = CharTokenizer("aé€", end_token=True)
    assert predicted_bytes(tokenizer, tokenizer.encode("aé€")) == 2 + 3
    assert predicted_bytes(tokenizer, [0, tokenizer.end_id]) == 0


def test_ngrams_score_the_same_tokens():
    rng = np.random.default_rng(0)
    train, tokens = rng.integers(0, 5, 2000), rng.integers(0, 5, 30)
    found = ngram_losses(fit_ngrams(train, 5, 3), tokens.tolist())
    assert list(found) == ["unigram", "bigram", "trigram"]
    np.testing.assert_allclose(found["trigram"], -ngram_log_probs(train, tokens, 5, 3)[1:])
    share = np.bincount(train, minlength=5) / len(train)
    np.testing.assert_allclose(found["unigram"], -np.log(share[tokens[1:]]), atol=0.02)
    assert all(losses.shape == (29,) for losses in found.values())
    assert strongest({"unigram": 1.6, "bigram": 1.4, "trigram": 1.5}, list(found)) == "bigram"
    assert strongest({}, list(found)) == "trigram"


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("settings", [{}, {"positions": "learned"}, {"architecture": "lstm"}], ids=str)
def test_a_mask_keeps_padding_out_and_nothing_else_does(settings, side):
    model = random_model(d_vocab=11, n_ctx=9, **settings)
    long, short = [1, 2, 3, 4, 5, 6], [7, 8]
    batch = read_padded(model, [long, short], 0, side)
    assert batch.tokens[1].tolist() == ([0, 0, 0, 0, 7, 8] if side == "left" else [7, 8, 0, 0, 0, 0])
    assert batch.mask.sum(dim=1).tolist() == [6, 2]
    assert batch.alone.difference == 0
    assert batch.masked.difference < 1e-12
    if side == "left":
        assert batch.unmasked.difference > 1e-3, "padding on the left is read as text without a mask"
    with torch.no_grad():
        expected = model.eval()(torch.tensor([short]))[0].log_softmax(-1)
    assert batch.masked.loss[1] == pytest.approx(-float(expected[0, 8]), abs=1e-12)
    torch.testing.assert_close(batch.masked.next_log_probs[1], expected[-1])
    with pytest.raises(InspectionError, match="10 tokens do not fit"):
        read_padded(model, [[1] * 10, short], 0, side)


def test_logits_follow_from_probabilities_and_their_sum():
    model = random_model().eval()
    scores = score_tokens(model, [1, 2, 3])
    with torch.no_grad():
        logits = model(torch.tensor([[1, 2, 3]]))[0].gather(1, scores.top)
    torch.testing.assert_close(scores.top_probability.log() + scores.log_z[:, None], logits)
