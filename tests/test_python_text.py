import ast

import pytest

from playground.corpora.python_text import reference_documents, source_documents


def test_the_reference_is_written_english_of_half_a_megabyte():
    topics = reference_documents()
    assert 300_000 < sum(map(len, topics)) < 1_000_000
    assert any("If the object" in topic for topic in topics)


def test_the_library_is_python_without_tests():
    files = source_documents()
    assert 8e6 < sum(map(len, files)) < 20e6
    for text in files[::25]:
        ast.parse(text)
    assert any("class JSONEncoder" in text for text in files)
    assert not any("class TestJsonLoads" in text or "class BaseTestUUID" in text for text in files)


def test_files_are_sorted_and_unreadable_ones_left_out(tmp_path):
    (tmp_path / "b.py").write_bytes(b"two\r\n")
    (tmp_path / "a.py").write_bytes(b"# -*- coding: latin-1 -*-\n# \xe9\n")
    (tmp_path / "bad.py").write_bytes(b"\xff\xfe")
    (tmp_path / "odd.py").write_bytes(b"# coding: no-such-encoding\n")
    (tmp_path / "note.txt").write_text("text")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "c.py").write_text("three")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.py").write_text("four")
    assert source_documents(str(tmp_path)) == ("# -*- coding: latin-1 -*-\n# é\n", "two\n", "four")


def test_a_folder_without_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no readable .py files"):
        source_documents(str(tmp_path))
