import numpy as np

from playground.tokenizers import build_tokenizer, gpt2_tokenizer
from playground.ui.vocabulary_view import PAGE_ROWS, page_of, search, zipf_points

BYTES = build_tokenizer("byte", [], end_token=True)
COUNTS = np.arange(257)


def test_a_token_is_found_by_text_by_id_and_by_its_code():
    assert search(BYTES, "a", None) == [97]
    assert search(BYTES, "7", None) == [7, 55], "the id, and the digit"
    assert search(BYTES, "\\xc3", None) == [0xC3]
    assert search(BYTES, "·", None) == search(BYTES, " ", None) == [32]
    assert search(BYTES, "endoftext", None) == [256]
    assert search(BYTES, "999999", None) == []
    found = search(gpt2_tokenizer(), " the", None)
    assert found[0] == 262
    assert all(b" the" in gpt2_tokenizer().piece(i) for i in found)
    assert len(found) == sum(b" the" in gpt2_tokenizer().piece(i) for i in range(50257))


def test_pages_hold_every_token_once_the_commonest_first():
    pages = [page_of(BYTES, "", n, COUNTS) for n in range(99)][: -(-257 // PAGE_ROWS)]
    ids = [row[0] for page in pages for row in page["rows"]]
    assert ids == list(range(256, -1, -1))
    assert {page["pages"] for page in pages} == {len(pages)}
    assert page_of(BYTES, "", 99, COUNTS)["page"] == len(pages) - 1
    assert page_of(BYTES, "", -1, None)["rows"][0] == [0, "\\x00", "00", "'\\x00'", None]
    assert page_of(BYTES, "nothing", 0, None)["rows"] == []


def test_the_plot_has_first_and_last_rank_and_only_what_occurs():
    points = zipf_points(BYTES, COUNTS)
    assert points[0] == [1, 256, 256, "<|endoftext|>"]
    assert points[-1] == [256, 1, 1, "\\x01"]
    ranks, counts = [p[0] for p in points], [p[1] for p in points]
    assert ranks == sorted(set(ranks))
    assert counts == sorted(counts, reverse=True)
    assert zipf_points(BYTES, np.zeros(257, dtype=int)) == []
