import itertools

import pytest
import torch

from playground.config import ConfigError, ModelConfig, SampleConfig
from playground.models import build_model
from playground.sampling import beam_search, follow_beams, generate, repetition_penalty


def model_of(architecture="transformer", n_ctx=12, seed=0, d_vocab=7):
    torch.manual_seed(seed)
    config = ModelConfig(
        architecture=architecture, d_vocab=d_vocab, n_ctx=n_ctx, d_model=16, n_heads=2, n_layers=2
    )
    model = build_model(config).double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.5)
    return model.eval()


def log_prob_of(model, prompt, text):
    with torch.no_grad():
        log_probs = model(torch.tensor([[*prompt, *text]]))[0].log_softmax(-1)
    return sum(float(log_probs[len(prompt) - 1 + i, token]) for i, token in enumerate(text))


@pytest.mark.parametrize("architecture", ["transformer", "lstm"])
def test_with_enough_beams_it_is_the_likeliest_text_of_all(architecture):
    model, prompt = model_of(architecture, d_vocab=5), [1, 2]
    found = beam_search(model, prompt, SampleConfig(max_tokens=3, beams=5**2))
    best = max(itertools.product(range(5), repeat=3), key=lambda text: log_prob_of(model, prompt, text))
    assert tuple(d.token for d in found) == best
    assert sum(d.log_prob for d in found) == pytest.approx(log_prob_of(model, prompt, best), abs=1e-5)


def test_candidates_are_told_for_every_place():
    model, settings = model_of(), SampleConfig(max_tokens=5, beams=3, repetition_penalty=1.3)
    tokens = [1]
    for drawn in beam_search(model, tokens, settings, n_likeliest=4):
        with torch.no_grad():
            own = model(torch.tensor([tokens]))[0, -1].log_softmax(-1)
        ruled = repetition_penalty(own, torch.tensor(tokens), 1.3)
        assert [one.token for one in drawn.likeliest] == own.argsort(descending=True)[:4].tolist()
        for one in drawn.likeliest:
            assert one.own_p == pytest.approx(float(own[one.token].exp()), abs=1e-5)
            assert one.p == pytest.approx(float(ruled[one.token].exp()), abs=1e-5)
        assert drawn.own_p == pytest.approx(float(own[drawn.token].exp()), abs=1e-5)
        tokens = [*tokens, drawn.token]


def test_one_beam_is_greedy():
    model = model_of()
    greedy = [d.token for d in generate(model, [1], SampleConfig(max_tokens=9, temperature=0))]
    assert [d.token for d in beam_search(model, [1], SampleConfig(max_tokens=9, beams=1))] == greedy


@pytest.mark.parametrize("beams", [2, 3, 5])
def test_it_finds_the_texts_of_hugging_face(beams):
    from transformers import GPT2Config, GPT2LMHeadModel

    from playground.pretrained import from_hf

    ended = 0
    for seed in range(6):
        torch.manual_seed(seed)
        config = GPT2Config(
            vocab_size=9, n_positions=32, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=8
        )
        theirs = GPT2LMHeadModel(config).double().eval()
        with torch.no_grad():
            for p in theirs.parameters():
                p.normal_(0, 0.4)
        expected = theirs.generate(
            torch.tensor([[1, 2]]), attention_mask=torch.ones(1, 2, dtype=torch.long), num_beams=beams,
            max_new_tokens=12, do_sample=False, pad_token_id=8,
        )[0, 2:].tolist()  # fmt: skip
        found = beam_search(from_hf(theirs), [1, 2], SampleConfig(max_tokens=12, beams=beams), end_id=8)
        tokens = [d.token for d in found]
        ended += tokens[-1] == 8
        assert tokens == expected
    assert ended > 0


def test_a_context_that_is_full_slides():
    found = beam_search(model_of(n_ctx=4), [1, 2], SampleConfig(max_tokens=9, beams=3))
    assert len(found) == 9
    assert any(d.slid for d in found)


def test_an_empty_prompt_is_refused():
    with pytest.raises(ConfigError, match="prompt"):
        beam_search(model_of(), [], SampleConfig(beams=2))


def test_it_can_be_left_after_each_step_and_the_best_so_far_is_told():
    model, settings = model_of(), SampleConfig(max_tokens=6, beams=3)
    steps = list(follow_beams(model, [1, 2], settings))
    assert [len(best) for best in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[-1] == beam_search(model, [1, 2], settings)
    for best in steps:
        chosen = [drawn.token for drawn in best]
        assert sum(d.log_prob for d in best) == pytest.approx(log_prob_of(model, [1, 2], chosen), abs=1e-5)
