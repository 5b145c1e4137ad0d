import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.corpora.caps import Capped, first_bytes


def size(text):
    return len(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.text()), st.integers(0, 5), st.integers(0, 60), st.booleans())
def test_no_more_than_the_limit_and_nothing_but_the_beginning(documents, max_documents, max_bytes, whole):
    got = list(Capped(documents, max_documents, max_bytes, whole))
    if max_bytes:
        assert sum(map(size, got)) <= max_bytes
    if whole:
        if max_documents:
            assert sum(bool(text.strip()) for text in got) <= max_documents
        assert got[:-1] == documents[: max(0, len(got) - 1)]
        if got and got[-1] != documents[len(got) - 1]:  # the first text that is not blank is cut
            assert documents[len(got) - 1].startswith(got[-1])
            assert not "".join(got[:-1]).strip()
        if (
            max_bytes
            and not max_documents
            and len(got) < len(documents)
            and got
            and got == documents[: len(got)]
        ):
            assert size("".join(documents[: len(got) + 1])) > max_bytes
    else:
        assert "".join(documents).startswith("".join(got))
        if max_bytes:  # cut at the last character that fits
            assert len("".join(got)) == len(first_bytes("".join(documents), max_bytes))


def test_no_limit_is_everything():
    assert list(Capped(["a", "", "b"])) == ["a", "", "b"]


def test_blank_documents_do_not_count_and_nothing_beyond_is_read():
    source = iter(["a", " ", "b", "c"])
    assert list(Capped(source, max_documents=2)) == ["a", " ", "b"]
    assert list(source) == ["c"]
    assert len(list(Capped(itertools.repeat("four"), max_bytes=400))) == 100


@pytest.mark.parametrize(
    ("n", "expected"), [(0, ""), (1, "a"), (3, "a"), (4, "a你"), (7, "a你"), (8, "a你👋"), (9, "a你👋")]
)
def test_only_whole_characters(n, expected):
    assert first_bytes("a你👋", n) == expected
