"""Words that are merged once have the ids that the library gives to the whole text."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.tokenizers import build_tokenizer, gpt2_tokenizer, words
from playground.tokenizers.words import Words

TRICKY = [
    *" \n\t\r'!aéZ1²ⅷ中ا߿_\u00a0\u0085\u3000\u200b\u0301\u180e\x1f\x00",
    "'s",
    "'ll",
    "'LL",
    "'r",
    "'ve",
    "😀",
    "  ",
]
ANY_TEXT = st.one_of(
    st.lists(st.sampled_from(TRICKY), max_size=40).map("".join),
    st.text(st.characters(exclude_categories=["Cs"])),
)
TOKENIZERS = {
    "gpt2": gpt2_tokenizer(),
    "bpe": build_tokenizer(
        "bpe:400", ["it's we'll they've 12 ₂ the  cat\n\tsat — café 中文 "] * 9, end_token=True
    ),
}


def by_library(tokenizer, texts):
    return [tokenizer.library.encode(text).ids for text in texts]


def by_word(cutter, texts):
    return [ids.tolist() for ids in cutter.encode(texts)]


@pytest.fixture(scope="module", params=TOKENIZERS)
def cutter(request):
    """Return a tokenizer and the words that it has met in all examples so far."""
    return TOKENIZERS[request.param], Words(TOKENIZERS[request.param].library)


@given(texts=st.lists(ANY_TEXT, max_size=4))
@settings(deadline=None, max_examples=300)
def test_any_texts_have_the_ids_that_the_library_gives(cutter, texts):
    tokenizer, known = cutter
    assert by_word(known, texts) == by_library(tokenizer, texts)


def test_every_character_is_cut_as_the_library_does(cutter):
    tokenizer, known = cutter
    characters = [chr(code) for code in range(0, 0x110000, 7) if not 0xD800 <= code < 0xE000]
    texts = [
        "".join(f"a{c} {c}1{c}!{c}{c} " for c in characters[at : at + 500]) for at in range(0, 20_000, 500)
    ]
    assert by_word(known, texts) == by_library(tokenizer, texts)


def test_lots_forgetting_and_long_texts_change_nothing(monkeypatch, cutter):
    tokenizer, known = cutter
    monkeypatch.setattr(words, "CHARACTERS_AT_ONCE", 300)
    monkeypatch.setattr(words, "MAX_WORDS", 50)
    draw = random.Random(0)
    texts = ["".join(draw.choices(TRICKY, k=draw.choice((0, 3, 100, 500)))) for _ in range(100)]
    assert any(len(text) > 300 for text in texts)
    assert by_word(known, texts) == by_library(tokenizer, texts)
    assert known.n_known < 400


def test_words_of_one_hash_place_are_told_apart(monkeypatch):
    monkeypatch.setattr(words, "SLOTS", 1 << 12)  # 4 096 places for 3 000 words: most meet another
    tokenizer = gpt2_tokenizer()
    text = " ".join(str(n) for n in range(3000))
    assert by_word(Words(tokenizer.library), [text, text]) == by_library(tokenizer, [text, text])


def test_a_batch_of_a_megabyte_goes_by_the_word(monkeypatch):
    monkeypatch.setattr("playground.tokenizers.bpe.BY_WORD_FROM", 1000)
    tokenizer = build_tokenizer("bpe:300", ["ab ab "], end_token=False)
    short, long = ["ab"], ["ab cd' " * 100, "", "x"] * 2
    tokenizer.encode_batch(short)
    assert "words" not in vars(tokenizer)
    assert [ids.tolist() for ids in tokenizer.encode_batch(long)] == by_library(tokenizer, long)
    assert tokenizer.words.n_known == 6  # "ab", " cd", "'", " ab", " " and "x"
