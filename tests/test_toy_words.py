import pytest

from playground.corpora.toy_plots import RULES
from playground.corpora.toy_words import TABLES


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_different_words_that_get_rarer_and_the_same_forms(table):
    words = TABLES[table]
    assert len({word.text for word in words}) == len(words) > 1
    assert all(one.weight > two.weight > 0 for one, two in zip(words, words[1:], strict=False))
    assert len({frozenset(word.forms) for word in words}) == 1


@pytest.mark.parametrize(("table", "form", "at_least"), [
    ("places", "spots", 3), ("furs", "pet_names", 2), ("weathers", "gear", 2),
])  # fmt: skip
def test_a_form_that_names_a_table_names_one_that_is_there(table, form, at_least):
    assert all(len(TABLES[word.forms[form]]) >= at_least for word in TABLES[table])


def test_every_table_is_used():
    templates = [t for rule in RULES.values() for t in rule]
    forms = [form for words in TABLES.values() for word in words for form in word.forms.values()]
    for table in TABLES:
        named = (f"{{{table}}}", f"={table}}}", f"={table} ")
        assert table in forms or any(name in text for name in named for text in templates + forms), table


def test_boys_are_he_and_girls_are_she():
    assert {(w.forms["kind"], w.forms["he"], w.forms["his"]) for w in TABLES["names"]} == {
        ("girl", "she", "her"),
        ("boy", "he", "his"),
    }
