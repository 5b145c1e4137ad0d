import base64
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.tokenizers import CharTokenizer, build_tokenizer, gpt2_tokenizer
from playground.ui.token_view import (
    MAX_NAMED,
    TOKEN_CSS,
    name_merge,
    name_unknown,
    pack_numbers,
    pack_tokens,
    represent,
)

BPE = build_tokenizer("bpe:280", ["<b>hello</b> & the cat " * 9], end_token=True)


def unpack(value):
    return np.frombuffer(base64.b64decode(value["packed"]), dtype=f"<u{value['width']}")


@given(st.text(st.characters(), max_size=80))
@settings(deadline=None)
def test_what_is_packed_is_the_text(text):
    packed = json.loads(json.dumps(pack_tokens(BPE, text)))
    places = unpack(packed["places"])
    assert b"".join(bytes.fromhex(packed["hex"][k]) for k in places) == text.encode("utf-8", "surrogatepass")
    assert [packed["ids"][k] for k in places] == BPE.encode(text)
    assert np.bincount(places, minlength=len(packed["ids"])).tolist() == packed["counts"]
    assert packed["n_bytes"] == len(text.encode("utf-8", "surrogatepass"))
    json.dumps(packed, ensure_ascii=False).encode()  # no lone surrogate goes out


def test_numbers_are_packed_in_two_bytes_where_they_fit():
    assert pack_numbers(np.array([0, 65535]))["width"] == 2
    wide = pack_numbers(np.array([65536, 3]))
    assert (wide["width"], unpack(wide).tolist()) == (4, [65536, 3])
    assert unpack(pack_numbers(np.array([], dtype=int))).tolist() == []


def test_a_token_is_written_as_python_writes_it():
    assert [represent(piece) for piece in (b" a\n", "é".encode(), b"\xc3", b"'")] == [
        "' a\\n'",
        "'é'",
        "b'\\xc3'",
        '"\'"',
    ]


def test_unknown_characters_are_named_with_what_becomes_of_them():
    alphabet = build_tokenizer("alphabet", [], end_token=False)
    assert name_unknown(alphabet, "Ab, ÉÉ\ud800") == (
        "Not in the vocabulary, and read as a blank: é (U+00E9) × 2, , (U+002C), \\xed\\xa0\\x80 (U+D800)."
    )
    letters = CharTokenizer("ab", end_token=False)
    assert name_unknown(letters, "abc\n") == "Not in the vocabulary, and left out: c (U+0063), ⏎ (U+000A)."
    many = name_unknown(letters, "".join(map(chr, range(0x4E00, 0x4E00 + 100))))
    assert many.endswith(f", and {100 - MAX_NAMED} more.")
    assert name_unknown(gpt2_tokenizer(), "日本\ud800") == ""


def test_a_merge_is_named_by_its_parts():
    first = name_merge(BPE, 1)
    assert first["joined"] == first["left"] + first["right"]
    assert first["id"] == 256
    with pytest.raises(IndexError):
        name_merge(BPE, len(BPE.merges) + 1)


def luminance(colour):
    """Relative luminance by the Web Content Accessibility Guidelines 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("dark", "text"), [("", "#16181d"), (".dark ", "#f3f4f6")])
def test_tokens_can_be_read_on_every_tint(dark, text):
    assert re.search(rf"^{re.escape(dark)}\.pg-tok {{[^}}]*color: {text}", TOKEN_CSS, re.MULTILINE)
    tints = re.findall(r"(\.dark )?\.pg-c\d { background: (#\w{6}); }", TOKEN_CSS)
    chosen = [colour for scheme, colour in tints if scheme == dark]
    assert len(chosen) == 6
    for tint in chosen:
        low, high = sorted([luminance(tint), luminance(text)])
        assert (high + 0.05) / (low + 0.05) >= 7, tint
