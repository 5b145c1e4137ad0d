import numpy as np
import pytest

from playground.token_files import TokenFile, dtype_for, read_tokens


def written(folder, end_id, batches, d_vocab=300):
    file = TokenFile(folder, "train", d_vocab, end_id)
    for texts, ends in batches:
        file.add([np.array(text, dtype=np.uint32) for text in texts], ends)
    file.close()
    return read_tokens(folder / "train.npy")


def test_the_end_token_stands_around_every_document(tmp_path):
    tokens = written(tmp_path, 9, [([[1, 2], [3]], [True, True]), ([[4], [5]], [False, True])])
    assert tokens.tolist() == [9, 1, 2, 9, 3, 9, 4, 5, 9]
    starts = read_tokens(tmp_path / "train.starts.npy").tolist()
    assert starts == [1, 4, 6, 9]
    documents = [tokens[a : b - 1].tolist() for a, b in zip(starts, starts[1:], strict=False)]
    assert documents == [[1, 2], [3], [4, 5]]


def test_a_text_without_documents_has_no_starts(tmp_path):
    assert written(tmp_path, None, [([[1], [2, 3]], [False, False])]).tolist() == [1, 2, 3]
    assert not (tmp_path / "train.starts.npy").exists()


@pytest.mark.parametrize(("d_vocab", "dtype"), [(2, np.uint16), (65_536, np.uint16), (65_537, np.uint32)])
def test_ids_are_as_narrow_as_they_can_be(tmp_path, d_vocab, dtype):
    assert dtype_for(d_vocab) == dtype
    tokens = written(tmp_path, None, [([[0, d_vocab - 1]], [False])], d_vocab)
    assert tokens.dtype == dtype
    assert tokens.tolist() == [0, d_vocab - 1]


def test_a_long_file_grows_under_its_header(tmp_path):
    batches = [([list(range(1000))] * 30, [False] * 30)] * 40
    tokens = written(tmp_path, None, batches, 1000)
    assert len(tokens) == 1_200_000
    assert isinstance(tokens, np.memmap)
    assert tokens[-1] == 999
    assert (tmp_path / "train.npy").stat().st_size == 2_400_000 + 128
