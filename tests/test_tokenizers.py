import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.tokenizers import (
    END_TOKEN,
    TokenizerError,
    build_tokenizer,
    load_tokenizer,
    show_bytes,
)

TEXTS = (
    "the little cat sat on the mat.\n\tIt sat there. ",
    "naïve café — 😀👍🏽 héllo ",
    "if x == 1:\n    return 'ok'\n",
) * 20
SPECS = ["char", "byte", "bpe:300"]
LOSSLESS = {spec: build_tokenizer(spec, TEXTS, end_token=True) for spec in ("byte", "bpe:300")}
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("end_token", [False, True])
def test_round_trip_and_pieces(spec, end_token):
    tokenizer = build_tokenizer(spec, TEXTS, end_token=end_token)
    text = TEXTS[0] + TEXTS[1]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert b"".join(tokenizer.piece(i) for i in ids) == text.encode()
    assert max(ids) < tokenizer.d_vocab
    assert tokenizer.encode("") == []
    assert (tokenizer.end_id == tokenizer.d_vocab - 1) if end_token else (tokenizer.end_id is None)
    for batch, text in zip(tokenizer.encode_batch(TEXTS), TEXTS, strict=True):
        assert batch.tolist() == tokenizer.encode(text)


@pytest.mark.parametrize("spec", LOSSLESS)
@given(text=ANY_TEXT)
@settings(deadline=None)
def test_any_text_survives(spec, text):
    tokenizer = LOSSLESS[spec]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert b"".join(map(tokenizer.piece, ids)) == text.encode()
    assert tokenizer.unknown_characters(text) == ""


@pytest.mark.parametrize("spec", SPECS)
def test_the_end_token_typed_by_a_person_is_text(spec):
    tokenizer = build_tokenizer(spec, [*TEXTS, END_TOKEN], end_token=True)
    ids = tokenizer.encode(f"a{END_TOKEN}t")
    assert tokenizer.end_id not in ids
    assert tokenizer.decode(ids) == f"a{END_TOKEN}t"
    assert tokenizer.decode([tokenizer.end_id]) == ""
    assert tokenizer.piece(tokenizer.end_id) == b""
    assert tokenizer.label(tokenizer.end_id) == END_TOKEN


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("end_token", [False, True])
def test_saved_and_loaded_gives_equal_ids(tmp_path, spec, end_token):
    tokenizer = build_tokenizer(spec, TEXTS, end_token=end_token)
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    text = "".join(random.Random(0).sample(TEXTS[0] + TEXTS[1], 60))
    assert loaded.encode(text) == tokenizer.encode(text)
    assert (loaded.d_vocab, loaded.end_id, loaded.spec) == (
        tokenizer.d_vocab,
        tokenizer.end_id,
        tokenizer.spec,
    )
    assert [loaded.piece(i) for i in range(loaded.d_vocab)] == [
        tokenizer.piece(i) for i in range(tokenizer.d_vocab)
    ]


DAMAGES = ["missing", "{", '{"kind": "char"}', '{"kind": "bpe", "end_token": true}']
DAMAGES += ['{"kind": "alphabet", "alphabet": 3, "end_token": false}', '{"kind": ["char"]}']


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_garbled_tokenizer_is_refused_in_one_sentence(tmp_path, damage):
    if damage != "missing":
        (tmp_path / "playground.json").write_text(damage)
        (tmp_path / "tokenizer.json").write_text(json.dumps({"model": 3}))
    with pytest.raises(TokenizerError, match="tokenizer"):
        load_tokenizer(tmp_path)


def test_characters_are_counted_exactly_and_unknown_ones_left_out():
    tokenizer = build_tokenizer("char", ["hello", "world"], end_token=False)
    assert tokenizer.d_vocab == len(set("helloworld"))
    assert tokenizer.decode(tokenizer.encode("hé\ud800llo 😀")) == "hllo"
    assert tokenizer.unknown_characters("hé\ud800llo 😀") == "".join(sorted(" é😀\ud800"))


def test_a_lone_surrogate_is_no_crash():
    for spec in SPECS:
        tokenizer = build_tokenizer(spec, [*TEXTS, "\ud800"], end_token=False)
        text = tokenizer.decode(tokenizer.encode("a\ud800t"))
        assert text.startswith("a")
        assert text.endswith("t")


def test_bpe_has_the_size_asked_for_or_as_much_as_the_text_gives():
    assert build_tokenizer("bpe:280", TEXTS, end_token=True).d_vocab == 280
    assert build_tokenizer("bpe:280", TEXTS, end_token=False).d_vocab == 280
    small = build_tokenizer("bpe:5000", ["aaaa bbbb aaaa"], end_token=True)
    assert 257 < small.d_vocab < 280
    assert build_tokenizer("bpe:300", TEXTS, end_token=True).encode(TEXTS[0]) == LOSSLESS["bpe:300"].encode(
        TEXTS[0]
    )


@pytest.mark.parametrize("spec", ["bpe:256", "bpe", "bpe:x", "word", "char:3", ""])
def test_a_spec_that_can_not_be_built_is_named(spec):
    with pytest.raises(TokenizerError, match="256|must be char, byte, bpe:N"):
        build_tokenizer(spec, TEXTS, end_token=False)


@pytest.mark.parametrize("token_id", [-1, 10**6])
def test_an_id_off_the_vocabulary_is_refused(token_id):
    for spec in SPECS:
        with pytest.raises(IndexError, match=str(token_id)):
            build_tokenizer(spec, TEXTS, end_token=True).piece(token_id)


def test_labels_show_what_can_not_be_seen():
    assert show_bytes(b" a\n\tb") == "·a⏎⇥b"
    assert show_bytes("é".encode()) == "é"
    assert show_bytes(b"\xc3") == "\\xc3"
    assert show_bytes(b"\x00") == "\\x00"
    assert show_bytes("\u200b".encode()) == "\\u200b"


def test_encoding_megabytes_of_characters_is_quick_and_right():
    text = "".join(random.Random(1).choices("abc \n", k=2_000_000))
    tokenizer = build_tokenizer("char", [text], end_token=False)
    (ids,) = tokenizer.encode_batch([text])
    sample = np.random.default_rng(0).integers(0, len(text), 100)
    assert all(tokenizer.piece(int(ids[i])).decode() == text[i] for i in sample)
