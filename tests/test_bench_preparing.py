from playground.bench.preparing import against_library, prepare_file, some_documents, write_text


def test_the_three_ways_run_on_the_same_text(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    documents = some_documents(200_000)
    assert sum(map(len, documents)) >= 200_000 * 0.9
    assert all(seconds > 0 for seconds in against_library(documents * 20))


def test_a_file_of_the_wanted_size_is_prepared_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    path = tmp_path / "text.txt"
    write_text(path, 50_000)
    assert path.stat().st_size >= 50_000
    assert prepare_file(str(path), str(tmp_path)) > 5000
    assert list(tmp_path.iterdir()) == [path]
