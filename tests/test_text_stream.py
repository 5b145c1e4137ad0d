from hypothesis import given, settings
from hypothesis import strategies as st

from playground.text_stream import TextStream, text_of
from playground.tokenizers import build_tokenizer

BYTES = build_tokenizer("byte", [], end_token=True)


@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(deadline=None)
def test_the_pieces_join_to_the_text_and_none_is_half_a_character(text):
    stream = TextStream(BYTES)
    pieces = [stream.feed(token) for token in BYTES.encode(text)]
    assert "".join(pieces) == text
    assert stream.flush() == ""


def test_a_character_cut_off_is_marked_at_the_end():
    stream = TextStream(BYTES)
    assert [stream.feed(token) for token in "é".encode()[:1]] == [""]
    assert stream.flush() == "\ufffd"
    assert stream.feed(BYTES.end_id) == ""


def test_text_for_a_page_holds_no_surrogate():
    tokens = [*BYTES.encode("a\ud800b😀"), 0xF0, 256]
    assert text_of(BYTES, tokens) == "a���b😀�"
    assert BYTES.decode(tokens).startswith("a\ud800b")
