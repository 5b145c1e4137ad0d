import dataclasses

import pytest

from playground.config import ConfigError, DataConfig
from playground.ui.data_form import OTHER_SPLIT, OWN_TEXT, default_data


def form(**changes):
    return dataclasses.replace(default_data(), **changes)


def test_the_form_as_it_opens_is_the_default_text():
    assert form().config() == DataConfig()


@pytest.mark.parametrize(
    ("changes", "spec"),
    [
        ({"tokenizer": "bpe", "bpe_size": 300}, "bpe:300"),
        ({"tokenizer": "alphabet"}, "alphabet"),
        ({"tokenizer": "alphabet", "alphabet": "abc "}, "alphabet:abc "),
        ({"tokenizer": "hf", "hf_name": " Qwen/Qwen3-0.6B "}, "hf:Qwen/Qwen3-0.6B"),
        ({"tokenizer": "gpt2"}, "gpt2"),
    ],
)
def test_a_tokenizer_is_named_as_the_core_names_it(changes, spec):
    assert form(**changes).config().tokenizer == spec


def test_other_shares_are_given_as_percentages():
    config = form(split=OTHER_SPLIT, val_percent=5, test_percent=15).config()
    assert (config.val_fraction, config.test_fraction) == (0.05, 0.15)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokenizer": "hf"}, "Name a tokenizer"),
        ({"tokenizer": "bpe", "bpe_size": None}, "BPE vocabulary is empty"),
        ({"split": OTHER_SPLIT, "val_percent": 80}, "val_fraction"),
        ({"split": OTHER_SPLIT, "test_percent": None}, "Test is empty"),
        ({"text_seed": 0.5}, "Seed must be a whole number"),
        ({"corpus": "markov", "parameter": None}, "Order of the chain is empty"),
    ],
)
def test_a_field_that_can_not_work_is_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        form(**changes).config()


def test_own_text_is_pasted_or_uploaded_and_stored_in_the_run(tmp_path):
    pasted = form(corpus=OWN_TEXT, own_text="abc\r\ndef")
    assert list(pasted.text().documents) == ["abc\ndef"]
    pasted.store(tmp_path)
    assert (tmp_path / pasted.config().text_file).read_bytes() == b"abc\ndef"
    path = tmp_path / "a.txt"
    path.write_text("from a file")
    assert list(form(corpus=OWN_TEXT, own_file=str(path)).text().documents) == ["from a file"]
    path.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="byte 3"):
        form(corpus=OWN_TEXT, own_file=str(path)).text()


def test_the_key_tells_texts_and_cuts_apart_but_not_batches():
    assert form(batches="padded").key() == form().key()
    changed = [
        form(corpus="markov", parameter=2),
        form(corpus="markov", parameter=3),
        form(tokenizer="char"),
        form(split="10/10"),
        form(text_seed=1),
        form(corpus=OWN_TEXT, own_text="one"),
        form(corpus=OWN_TEXT, own_text="two"),
    ]
    assert len({form().key(), *(other.key() for other in changed)}) == 1 + len(changed)


def test_the_summary_says_what_is_chosen():
    chosen = form(corpus=OWN_TEXT, own_text="x" * 1234, split=OTHER_SPLIT, val_percent=5, test_percent=1)
    assert chosen.summary() == "1,234 characters pasted, BPE 1024, 94 / 5 / 1, packed windows"
