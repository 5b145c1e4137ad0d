"""AutoTokenizer on what was written cuts every text as the playground does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import processors
from transformers import AutoTokenizer

from playground.config import ConfigError
from playground.export.tokenizer_files import as_library, save_tokenizer_files
from playground.tokenizers import (
    COURSE_ALPHABET,
    END_TOKEN,
    AlphabetTokenizer,
    ByteTokenizer,
    CharTokenizer,
    PretrainedTokenizer,
    build_tokenizer,
    gpt2_tokenizer,
)
from tests.test_pretrained import byte_level
from tests.test_tokenizer_fuzz import EMOJI, RIGHT_TO_LEFT, TEXTS


def with_template():
    """A tokenizer that would put its end token around every text."""
    library = byte_level()
    library.post_processor = processors.TemplateProcessing(
        single="<|end|> $A <|end|>", special_tokens=[("<|end|>", library.token_to_id("<|end|>"))]
    )
    return library


OURS = {
    "byte": ByteTokenizer(True),
    "byte without end": ByteTokenizer(False),
    "char": CharTokenizer("".join(TEXTS) + "\x00\ud800 <|endoftext|>", True),
    "alphabet": AlphabetTokenizer(COURSE_ALPHABET, True),
    "alphabet without blank": AlphabetTokenizer("zyxcba^]-[\\é", True),
    "alphabet with capitals": AlphabetTokenizer("aAbB \n", False),
    "bpe": build_tokenizer("bpe:300", TEXTS, end_token=True),
    "gpt2": gpt2_tokenizer(),
    "hf": PretrainedTokenizer(byte_level(), "own", "<|end|>"),
    "hf without end": PretrainedTokenizer(byte_level(), "own", None),
    "hf with a template": PretrainedTokenizer(with_template(), "own", "<|end|>"),
}
ODD = [
    *EMOJI,
    *RIGHT_TO_LEFT,
    END_TOKEN,
    "<|end|>",
    "İ",
    "K",
    "ΑΣ Σ",
    "ﬁ",
    "\u0301",
    "\x00",
    "\r\n",
    "  ",
    "\t",
    "�",
]
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from([*ODD, "a", "B", " ", "é"])).map("".join),
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Each as AutoTokenizer opens it."""
    found = {}
    for name, tokenizer in OURS.items():
        folder = tmp_path_factory.mktemp("tokenizer")
        save_tokenizer_files(tokenizer, folder, 128)
        found[name] = AutoTokenizer.from_pretrained(folder)
    return found


@pytest.mark.parametrize("name", OURS)
def test_any_text_is_cut_alike(opened, name):
    ours, theirs = OURS[name], opened[name]

    @given(TEXT)
    @settings(deadline=None, max_examples=60)
    def check(text):
        ids = ours.encode(text)
        assert theirs(text)["input_ids"] == ids
        assert theirs.decode(ids, clean_up_tokenization_spaces=False) == ours.decode(ids)

    check()
    for text in (*TEXTS[:3], "".join(ODD)):
        assert theirs(text)["input_ids"] == ours.encode(text)


@pytest.mark.parametrize("name", OURS)
def test_the_end_token_keeps_its_id(opened, name):
    ours, theirs = OURS[name], opened[name]
    assert theirs.eos_token_id == ours.end_id
    assert theirs.pad_token_id == ours.end_id
    assert len(theirs) == ours.d_vocab
    assert theirs.model_max_length == 128


def test_what_cant_be_written_is_refused():
    with pytest.raises(ConfigError, match="ς"):
        as_library(AlphabetTokenizer("σς ", True))
    gap = byte_level()
    gap.add_tokens(["x" * 9])
    tokenizer = PretrainedTokenizer(gap, "own", None)
    tokenizer.end_id += 3
    with pytest.raises(ConfigError, match="gaps"):
        as_library(tokenizer)
