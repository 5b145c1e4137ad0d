import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.tokenizers import COURSE_ALPHABET, TokenizerError, build_tokenizer, load_tokenizer
from playground.tokenizers.characters import AlphabetTokenizer


def by_rule(text: str, alphabet: str) -> str:
    """The course's rule, by regular expressions."""
    lowered = text.lower()
    return re.sub(" +", " ", re.sub(f"[^{re.escape(alphabet)}]", " ", lowered, flags=re.DOTALL))


def test_the_course_alphabet_has_40_symbols():
    tokenizer = build_tokenizer("alphabet", [], end_token=False)
    assert tokenizer.d_vocab == 40
    assert string.ascii_lowercase + string.digits + " .!?" == COURSE_ALPHABET
    assert tokenizer.encode("abz09 .!?") == [0, 1, 25, 26, 35, 36, 37, 38, 39]


@given(st.text())
def test_the_course_alphabet_follows_its_rule_on_any_text(text):
    tokenizer = build_tokenizer("alphabet", [], end_token=True)
    assert tokenizer.decode(tokenizer.encode(text)) == by_rule(text, COURSE_ALPHABET)
    again = tokenizer.decode(tokenizer.encode(text))
    assert tokenizer.encode(again) == tokenizer.encode(text)


@given(st.text())
def test_an_alphabet_without_a_blank_leaves_others_out(text):
    tokenizer = AlphabetTokenizer("zyxA", end_token=False)
    assert tokenizer.decode(tokenizer.encode(text)) == "".join(c for c in text if c in "zyxA")


def test_ids_keep_the_order_of_the_alphabet(tmp_path):
    tokenizer = build_tokenizer("alphabet:ba ", [], end_token=True)
    assert tokenizer.encode("ab b") == [1, 0, 2, 0]
    assert (tokenizer.end_id, tokenizer.d_vocab) == (3, 4)
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert (loaded.encode("ab b"), loaded.spec, loaded.end_id) == ([1, 0, 2, 0], "alphabet:ba ", 3)


def test_what_becomes_a_blank_is_told():
    assert build_tokenizer("alphabet", [], end_token=False).unknown_characters("Ab, é") == ",é"


@pytest.mark.parametrize("spec", ["alphabet:", "alphabet:abca"])
def test_an_alphabet_that_names_nothing_or_twice_is_refused(spec):
    with pytest.raises(TokenizerError, match="names each character once"):
        build_tokenizer(spec, [], end_token=False)
