import json

import pytest

from playground import bench, runs
from playground.bench import main
from playground.bench.processes import serving
from playground.bench.tick import append_points, long_run


def test_a_long_run_looks_like_a_real_one(tmp_path):
    run = long_run(tmp_path, 120)
    append_points(run, 120, 150)
    records, _ = runs.read_metrics(run)
    assert [record["step"] for record in records] == list(range(150))
    assert [record["step"] for record in records if "val_loss" in record] == [0, 50, 100]
    assert runs.status(run)["state"] == "finished"
    assert json.loads((run / "baselines.json").read_text())["floor"] < records[-1]["train_loss"]


def test_only_what_is_named_is_measured(monkeypatch, capsys):
    done = []

    def a():
        """Measure a."""
        done.append("a")

    def b():
        """Measure b."""
        done.append("b")

    monkeypatch.setattr(bench, "BENCHES", {"a": a, "b": b})
    assert main(["b"]) == 0
    assert done == ["b"]
    assert main([]) == 0
    assert done == ["b", "a", "b"]
    assert main(["c"]) == 2
    assert "usage" in capsys.readouterr().out


def test_a_script_that_ends_before_it_answers_is_said(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match="status 3"), serving(script, tmp_path):
        pass
