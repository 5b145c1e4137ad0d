"""A dropdown that takes what an open page sends, though nobody remembers its entries."""

import pytest

from playground.ui.living_list import LivingList


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("a run that is gone", "a run that is gone"), (-1, -1), (None, None), ({"a": 1}, None),
        (["demo@10", {"x": 1}, None], ["demo@10"]),
    ],
)  # fmt: skip
def test_what_a_page_sends_is_taken_as_it_is(sent, taken):
    assert LivingList([], multiselect=isinstance(sent, list)).preprocess(sent) == taken


def test_the_browser_draws_it_as_a_dropdown():
    assert LivingList([]).get_block_name() == "dropdown"
