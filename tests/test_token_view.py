import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.tokenizers import build_tokenizer
from playground.ui.token_view import MAX_SHOWN, count_tokens, group_tokens, render_table, render_tokens

BYTES = build_tokenizer("byte", [], end_token=False)
BPE = build_tokenizer("bpe:280", ["<b>hello</b> & the cat " * 9], end_token=False)


def shown(view):
    """The text that a view shows, without the ids."""
    return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<small>.*?</small>", "", view)))


@pytest.mark.parametrize("tokenizer", [BYTES, BPE], ids=["byte", "bpe"])
def test_every_token_is_escaped(tokenizer):
    text = "<script>alert('x')</script> & \"<b>\""
    view = render_tokens(tokenizer, tokenizer.encode(text))
    assert "<script" not in view
    assert "<b>" not in view.replace("<b>&", "")
    assert shown(view) == text.replace(" ", "·")
    assert "<script" not in render_table(tokenizer, tokenizer.encode(text))


def test_a_character_over_several_tokens_is_one_group_with_its_bytes():
    view = render_tokens(BYTES, BYTES.encode("a😀b"))
    assert view.count("pg-group") == 1
    assert "<b>😀</b>" in view
    assert all(f">{byte}<" in view for byte in ("f0", "9f", "98", "80"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
@settings(deadline=None)
def test_groups_end_where_characters_end(text):
    pieces = [BPE.piece(i) for i in BPE.encode(text)]
    start = 0
    for size in group_tokens(pieces):
        b"".join(pieces[start : start + size]).decode()
        start += size
    assert start == len(pieces)
    if text.isascii():
        assert set(group_tokens(pieces)) <= {1}


def test_bytes_that_are_no_text_are_no_crash():
    assert group_tokens([b"\x80", b"\xff", b"\xc3", b"a"]) == [1, 1, 2]
    assert sum(group_tokens([b"\xf0", b"\x9f"])) == 2
    assert "\\xff" in render_tokens(BYTES, [255])


def test_colours_and_titles_come_from_the_id():
    ids = BYTES.encode("abab")
    colours = re.findall(r"pg-c\d", render_tokens(BYTES, ids))
    assert colours[0] == colours[2] != colours[1] == colours[3]
    assert "id 97 · bytes 61 · a" in render_tokens(BYTES, ids)


def test_counts():
    counts = count_tokens(BYTES, "né😀", BYTES.encode("né😀"))
    assert (counts.tokens, counts.characters, counts.bytes, counts.bytes_per_token) == (7, 3, 7, 1.0)
    assert count_tokens(BYTES, "", []).bytes_per_token == 0
    chars = build_tokenizer("char", ["ab"], end_token=False)
    assert count_tokens(chars, "axb", chars.encode("axb")).characters == 2


def test_a_long_text_is_shown_in_part_and_says_so():
    view = render_tokens(BYTES, [97] * (MAX_SHOWN + 1))
    assert view.count("pg-tok ") == MAX_SHOWN
    assert f"{MAX_SHOWN + 1:,}" in view
