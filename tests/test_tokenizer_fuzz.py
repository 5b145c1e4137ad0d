"""Whatever the text, a lossless tokenizer gives it back, and its pieces are the bytes of the text."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from playground.tokenizers import (
    END_TOKEN,
    CharTokenizer,
    PretrainedTokenizer,
    build_tokenizer,
    gpt2_tokenizer,
    load_tokenizer,
)
from tests.test_pretrained import byte_level

TEXTS = ("the little cat sat on the mat.\n\tIt sat there. ", "naïve café 😀👍🏽 שלום ", "x == 1\r\n") * 20
LOSSLESS = {
    "byte": build_tokenizer("byte", [], end_token=True),
    "bpe": build_tokenizer("bpe:300", TEXTS, end_token=True),
    "gpt2": gpt2_tokenizer(),
    "hf": PretrainedTokenizer(byte_level(), "own", "<|end|>"),
}
EMOJI = ["👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "☺"]
RIGHT_TO_LEFT = ["שלום", "مرحبا", "\u202e", "\u200f", "\u2067", "ﷺ"]
ANY_TEXT = st.one_of(
    st.text(st.characters()),  # lone surrogates too
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"])),
    st.lists(st.sampled_from([*EMOJI, *RIGHT_TO_LEFT, "\ud83d", "\ude00", "a", " ", END_TOKEN])).map("".join),
    st.lists(st.sampled_from(["\u0301", "e", "한", "각", "ก็", "\r", "\n", "\x00", "�"])).map("".join),
)


def exact(tokenizer, text):
    ids = tokenizer.encode(text)
    assert b"".join(map(tokenizer.piece, ids)) == text.encode("utf-8", "surrogatepass")
    assert tokenizer.decode(ids) == text
    assert tokenizer.unknown_characters(text) == ""
    assert tokenizer.end_id not in ids
    return ids


@pytest.mark.parametrize("name", LOSSLESS)
@given(text=ANY_TEXT)
@settings(deadline=None)
def test_any_text_comes_back(name, text):
    ids = exact(LOSSLESS[name], text)
    batch = LOSSLESS[name].encode_batch([text, "a", text])
    assert [array.tolist() for array in batch] == [ids, LOSSLESS[name].encode("a"), ids]


@given(text=ANY_TEXT)
@settings(deadline=None)
def test_any_text_comes_back_from_its_own_characters(text):
    exact(CharTokenizer(text, end_token=True), text)


@pytest.mark.parametrize("word", ["a", "😀", "é\u0301"])
@pytest.mark.parametrize("name", ["bpe", "gpt2"])
def test_a_word_of_a_megabyte_comes_back(name, word):
    exact(LOSSLESS[name], word * (2**20 // len(word.encode())))


def test_a_random_word_of_a_megabyte_comes_back():
    exact(LOSSLESS["hf"], "".join(random.Random(0).choices("etaoinshrdlu", k=2**20)))


@pytest.mark.parametrize("name", LOSSLESS)
def test_saved_and_loaded_it_is_still_lossless(name, tmp_path):
    LOSSLESS[name].save(tmp_path)
    text = "".join([*EMOJI, *RIGHT_TO_LEFT, "\ud800x\udfff", "\x00", END_TOKEN])
    assert exact(load_tokenizer(tmp_path), text) == exact(LOSSLESS[name], text)


def test_bytes_that_are_no_text_are_marked_whatever_stands_beside_them():
    tokenizer = LOSSLESS["byte"]
    for data, text in (
        (b"a\xffb", "a\ufffdb"),
        (b"\xed\xa0", "\ufffd" * 2),
        (b"\xed\xa0\x80\xc3", "\ud800\ufffd"),
    ):
        assert tokenizer.decode(data) == text


def test_what_becomes_the_unknown_token_is_named():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    library = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "##b": 2, "b": 3}, unk_token="[UNK]"))
    library.pre_tokenizer, library.decoder = pre_tokenizers.Whitespace(), decoders.WordPiece()
    loaded = PreTrainedTokenizerFast(tokenizer_object=library, unk_token="[UNK]")
    tokenizer = PretrainedTokenizer(loaded.backend_tokenizer, "own", None)
    assert tokenizer.unknown_characters("ab zé\ud800") == "\ud800zé"
    assert [tokenizer.label(i) for i in tokenizer.encode("ab z")] == ["a", "b", "[UNK]"]
