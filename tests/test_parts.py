import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.corpora.parts import joined_parts, parts_of
from playground.tokenizers import build_tokenizer, gpt2_tokenizer

WORDS = st.text(st.sampled_from("ab9 .\n\té😀-"), max_size=400)


@given(WORDS, st.integers(1, 20))
def test_parts_joined_are_the_text(text, size):
    parts = list(parts_of(text, size))
    assert "".join(parts) == text
    assert all(parts)
    assert all(len(part) <= 16 * size for part in parts)


@given(st.lists(WORDS, max_size=12), st.integers(1, 8))
def test_a_text_in_blocks_has_the_parts_of_the_whole(blocks, size):
    assert list(joined_parts(blocks, size)) == list(parts_of("".join(blocks), size))


@given(WORDS, st.integers(4, 20))
@settings(deadline=None)
@pytest.mark.parametrize("spec", ["gpt2", "alphabet", "byte"])
def test_parts_have_the_tokens_of_the_whole(spec, text, size):
    text = re.sub(r"\S{10,}", "a", text) + " end"
    parts = list(parts_of(text, size))
    if not all(re.fullmatch(r"(?s) .*", part) and re.search("[A-Za-z0-9]$", before)
               for before, part in zip(parts, parts[1:], strict=False)):  # fmt: skip
        return  # cut by the second or third rule, which is only nearly as good
    tokenizer = gpt2_tokenizer() if spec == "gpt2" else build_tokenizer(spec, [], end_token=False)
    assert [i for part in parts for i in tokenizer.encode(part)] == tokenizer.encode(text)


def test_a_cut_is_after_a_word_where_there_is_one():
    parts = list(parts_of("one, two. three four", 5))
    assert parts == ["one, two. three", " four"]
    assert list(parts_of("日本語 日本語 日本語 日本語", 2)) == ["日本語", " 日本語", " 日本語", " 日本語"]
    assert [len(part) for part in parts_of("x" * 100, 2)] == [32, 32, 32, 4]
