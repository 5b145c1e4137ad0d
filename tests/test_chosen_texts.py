import dataclasses

import pytest

from playground.config import DataConfig
from playground.ui import chosen_texts
from playground.ui.chosen_texts import keep, text_of, title_of
from playground.ui.data_form import default_data


def form(**changes):
    return dataclasses.replace(default_data(), **changes)


def test_a_built_in_text_is_found_by_its_spec():
    chosen = text_of("markov:3")
    assert chosen.config() == DataConfig(corpus="markov:3", tokenizer="char")
    assert text_of("markov").config().corpus == "markov"
    assert title_of(chosen) == "Markov chain, order of the chain 3"
    for name, words in (
        ("markov:9", "from 1 to 4"),
        ("nothing", "no corpus named"),
        ("toy-stories:3", "no parameter"),
    ):
        with pytest.raises(ValueError, match=words):
            text_of(name)


def test_a_text_of_the_data_tab_is_kept_under_what_it_is():
    pasted = form(corpus="text", own_text="to be or not to be", tokenizer="bpe")
    name = keep(pasted)
    assert "".join(text_of(name).text().documents) == "to be or not to be"
    assert name == keep(dataclasses.replace(pasted, tokenizer="hf", hf_name=""))
    assert name != keep(dataclasses.replace(pasted, own_text="to be"))
    assert name != keep(dataclasses.replace(pasted, split="10/10"))


def test_what_was_chosen_long_ago_is_said_to_be_gone(monkeypatch):
    monkeypatch.setattr(chosen_texts, "KEPT", 2)
    names = [keep(form(corpus="text", own_text=f"text {i}")) for i in range(3)]
    assert text_of(names[2]).own_text == "text 2"
    with pytest.raises(ValueError, match="choose it again in the Data tab"):
        text_of(names[0])


def test_titles_say_where_a_text_comes_from():
    assert title_of(form(corpus="hub", hub=" me/poems ")) == "me/poems"
    assert title_of(form(corpus="text", own_file="/tmp/x/sums.csv")) == "sums.csv"
    assert title_of(form(corpus="text", own_text="a" * 1234)) == "your text, 1,234 characters"
    assert title_of(form(corpus="toy-stories")) == "Toy Stories"
