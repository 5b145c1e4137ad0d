"""What stands around the chart: completions, connection, title, stage, export, small charts."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from playground.bench.tick import append_points, long_run
from tests.monitor_page import MonitorPage, losses_of, set_status, train_on


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def monitor(page):
    return MonitorPage(page)


@pytest.fixture
def run(root):
    return long_run(root, 400)


def test_small_charts_follow_the_table(monitor, run):
    monitor.open(run.name)
    monitor.part("small").locator("summary").first.click()
    titles = monitor.part("small").locator("figure:visible b").all_inner_texts()
    assert titles == [
        "Learning rate", "Gradient norm", "Tokens per second", "MFU: share of the machine's peak",
        "Validation accuracy", "Memory", "Loss above best n-gram, floor",
    ]  # fmt: skip
    memory = monitor.part("small").locator("figure", has_text="Memory")
    expect(memory.locator("figcaption > span")).to_have_text("537 MB ")
    assert "537 MB" in memory.locator("[role=img]").get_attribute("aria-label")


def write_knowledge(run, steps):
    """Evaluations of a model that is nearest to uniform at first, then to the unigram, then to the bigram."""
    with open(run / "metrics.jsonl", "a") as file:
        for n, step in enumerate(steps):
            near = {"uniform": n, "unigram": 0.1 + abs(n - 1), "bigram": 0.2 + abs(n - 2), "trigram": 0.9 + n}
            record = {"step": step, "tokens_seen": step, "elapsed_s": step, "val_loss": 4.0}
            record |= {f"kl_{name}": value for name, value in near.items()}
            record |= {"induction": 0.5 * n, "position_loss": [5.0, 4.0 - n, None]}
            file.write(json.dumps(record) + "\n")


def test_what_the_model_knows_is_named_and_drawn(monitor, run):
    write_knowledge(run, (400, 401))
    monitor.open(run.name)
    expect(monitor.part("knows-now")).to_have_text("closest to: unigram, 0.10 nats away")
    monitor.part("knows").locator("summary").click()
    figures = monitor.part("knows").locator("figure:visible")
    assert figures.locator("b").all_inner_texts() == [
        "Distance of its predictions from …", "Loss by position in the context",
        "Gained on a repeated segment",
    ]  # fmt: skip
    expect(figures.nth(0).locator("figcaption > span")).to_have_text(
        "uniform 1.00 unigram 0.10 bigram 1.20 trigram 1.90 "
    )
    expect(figures.nth(1).locator("figcaption > span")).to_have_text(
        "step 401: 5.00 at the first, 3.00 at the last"
    )
    edges = monitor.state("runs[0].facts.positions")
    newest = monitor.page.evaluate(
        "document.querySelector('.pg-monitor').__monitor.small.find((s) => s.isProfile).curves.at(-1).data"
    )
    assert newest == [[1, pytest.approx((2 * edges[2]) ** 0.5)], [5, 3]]


def test_a_model_that_leaves_what_it_was_closest_to_is_told(monitor, run):
    write_knowledge(run, (400, 401, 402))
    with open(run / "metrics.jsonl", "a") as file:
        file.write(json.dumps({"step": 403, "val_loss": 2, "kl_unigram": 3.0, "kl_bigram": 0.9}) + "\n")
    monitor.open(run.name)
    expect(monitor.part("knows-now")).to_have_text(
        "closest to: bigram, 0.90 nats away, and leaving it since step 402"
    )


def test_a_run_that_was_not_asked_what_it_knows_shows_nothing_of_it(monitor, run):
    monitor.open(run.name)
    expect(monitor.part("knows")).to_be_hidden()


def write_samples(run, steps):
    rows = [{"step": s, "prompt": "<i>Once</i>", "completion": f" {run.name} at {s}"} for s in steps]
    (run / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_completions_through_time_for_two_runs(monitor, root, run):
    second = long_run(root, 100)
    write_samples(run, range(0, 1500, 50))
    write_samples(second, (0, 100))
    monitor.open(run.name, f"?compare={second.name}")
    texts = monitor.part("samples").locator("article")
    expect(texts).to_have_count(2)
    expect(texts.nth(0)).to_contain_text("<i>Once</i> long at 1450")
    expect(texts.nth(1)).to_contain_text("long-2 at 100")
    monitor.part("sample-at").fill("1")
    expect(texts.nth(0)).to_contain_text("long at 50")
    expect(texts.nth(1)).to_contain_text("long-2 at 0")
    write_samples(run, range(0, 1600, 50))
    monitor.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(monitor.part("sample-at")).to_have_attribute("max", "31")
    expect(texts.nth(0)).to_contain_text("long at 50"), "a step that was chosen stays"
    monitor.part("sample-at").fill("29")
    monitor.part("play").click()
    expect(texts.nth(0)).to_contain_text("long at 1550", timeout=10_000)
    expect(monitor.part("play")).to_have_text("▶ Play")


def test_a_lost_connection_is_said_and_mended_by_itself(page, monitor, run):
    train_on(run)
    monitor.open(run.name)
    page.evaluate("window.offline = true")
    expect(monitor.part("message")).to_contain_text("Connection lost", timeout=15_000)
    append_points(run, 400, 450)
    set_status(run, generation=2)
    page.evaluate("window.offline = false")
    expect(monitor.part("message")).to_be_hidden(timeout=15_000)
    assert monitor.points("train", run.name)[0] == list(range(450)), "no gap and nothing twice"


def test_the_tab_shows_the_loss_and_an_end_is_told(page, monitor, run):
    train_on(run)
    monitor.open(run.name)
    loss = f"{losses_of(run, 'val_loss')[-1]:.3f}"
    assert page.title().startswith(f"{loss} · {run.name}")
    expect(monitor.part("state")).to_have_text("Training")
    set_status(run, state="finished", step=400)
    expect(monitor.part("ended")).to_contain_text(f"is done at step 400, validation loss {loss}")
    assert page.title().startswith("✓")
    monitor.part("ended").get_by_role("button").click()
    expect(monitor.part("ended")).to_be_hidden()


def test_the_stage_is_entered_and_left_by_key(page, monitor, run):
    monitor.open(run.name)
    thin = monitor.state("chart.curves[0].width")
    monitor.part("stage").click()
    assert monitor.state("chart.curves[0].width") > thin
    expect(monitor.part("notes")).to_be_hidden()
    expect(monitor.part("loss")).to_be_visible()
    box = page.locator(".pg-monitor").bounding_box()
    assert (box["width"], box["height"]) == (1280, 720)
    page.keyboard.press("Escape")
    assert monitor.state("chart.curves[0].width") == thin


def test_the_curve_is_taken_away_in_three_forms(page, monitor, root, run, tmp_path):
    second = long_run(root, 30)
    set_status(
        run, crossings=[{"line": "bigram", "kind": "held_out", "step": 9, "elapsed_s": 1, "loss": 3.3}]
    )
    monitor.open(run.name, f"?compare={second.name}")
    monitor.wait("chart.runs.length === 2")
    found = {}
    for kind in ("svg", "png", "csv"):
        monitor.part("save").locator("summary").click()
        with page.expect_download() as download:
            monitor.part("save").locator(f"[data-as={kind}]").click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        found[kind] = path.read_bytes()
        assert path.suffix == f".{kind}"
    svg = ElementTree.fromstring(found["svg"])
    texts = {node.text for node in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {run.name, second.name, "step", "uniform 6.24", "floor 0.50", "step 9 · 1 s"} <= texts
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}polyline"))) == 6
    assert found["png"].startswith(b"\x89PNG")
    assert len(found["csv"].splitlines()) == 431


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page, monitor, root, run, width):
    page.set_viewport_size({"width": width, "height": 800})
    second = long_run(root, 30)
    monitor.open(run.name, f"?compare={second.name}")
    monitor.part("small").locator("summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    monitor.part("compare").locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_update_of_ten_runs_is_small(page, monitor, root, run):
    others = [long_run(root, 300).name for _ in range(9)]
    train_on(run)
    monitor.open(run.name, f"?compare={','.join(others)}")
    monitor.wait("chart.runs.length === 10")
    for step in range(400, 460, 20):
        append_points(run, step, step + 20)
        monitor.update()
    sizes = page.evaluate("answers")
    assert max(sizes[-3:]) <= 5000


def test_a_run_that_is_gone_is_compared_no_longer(monitor, root, run):
    second = long_run(root, 20)
    monitor.open(run.name, f"?compare={second.name},never-was")
    monitor.wait("chart.runs.length === 2")
    monitor.wait("runs.length === 2")
    assert monitor.state("view.compare") == [second.name]
    monitor.page.wait_for_function("!location.href.includes('never-was')")
    expect(monitor.part("compare").locator("summary")).to_have_text("Compare (1)")
