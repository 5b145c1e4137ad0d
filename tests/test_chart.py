"""The monitor in a real browser, over real run folders: what is drawn, and what must survive an update."""

from __future__ import annotations

import json
import math
import os
import time
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from playground import processes, runs
from playground.bench.tick import append_points, long_run
from playground.files import read_json, write_json_atomic
from tests.monitor_page import MonitorPage


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


def set_status(run, **values):
    write_json_atomic(run / "status.json", {**(read_json(run / "status.json") or {}), **values})


def train_on(run):
    """Make a run look as if it trained: its worker is this process."""
    me = os.getpid()
    set_status(run, state="running", pid=me, start_time=processes.start_time(me), heartbeat=time.time())
    assert runs.status(run)["state"] == "running"


def losses_of(run, key="train_loss"):
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [record[key] for record in records if key in record]


def drag(monitor, start, end, **keys):
    box = monitor.part("chart").bounding_box()
    mouse = monitor.page.mouse
    mouse.move(box["x"] + start[0], box["y"] + start[1])
    if keys.get("shift"):
        monitor.page.keyboard.down("Shift")
    mouse.down()
    mouse.move(box["x"] + end[0], box["y"] + end[1], steps=5)
    mouse.up()
    if keys.get("shift"):
        monitor.page.keyboard.up("Shift")


def test_curves_are_what_was_logged_and_smoothing_is_debiased(monitor, run):
    monitor.open(run.name)
    x, y = monitor.points("train", run.name)
    logged, keep, average, weight, expected = losses_of(run), 0.9, 0.0, 0.0, []
    for loss in logged:
        average, weight = keep * average + (1 - keep) * loss, keep * weight + (1 - keep)
        expected.append(average / weight)
    assert x == list(range(400))
    assert y == pytest.approx(expected, abs=1e-3)
    assert monitor.points("raw", run.name)[1] == pytest.approx(logged, abs=1e-4)
    assert monitor.points("val", run.name)[1] == pytest.approx(losses_of(run, "val_loss"), abs=1e-4)
    monitor.part("smooth").fill("0")
    assert monitor.points("train", run.name)[1] == pytest.approx(logged, abs=1e-4)
    monitor.part("smooth").fill("4")
    assert monitor.points("train", run.name)[1] != pytest.approx(expected, abs=1e-3)
    assert monitor.points("val", run.name)[1] == pytest.approx(losses_of(run, "val_loss"), abs=1e-4)


def test_units_and_axes_are_exact(monitor, run):
    baselines = read_json(run / "baselines.json")
    write_json_atomic(run / "baselines.json", {**baselines, "bytes_per_token": 3.7})
    monitor.open(run.name)
    val = losses_of(run, "val_loss")
    monitor.part("unit").select_option("bits")
    assert monitor.points("val", run.name)[1] == pytest.approx([v / math.log(2) / 3.7 for v in val], abs=1e-4)
    monitor.part("unit").select_option("ppl")
    assert monitor.points("val", run.name)[1] == pytest.approx([math.exp(v) for v in val], rel=1e-3)
    levels = monitor.state("chart.lines.map((line) => [line.name, line.level])")
    assert dict(levels)["uniform"] == pytest.approx(math.exp(6.24), rel=1e-3)
    for axis, per_step in (("tokens", 2048), ("seconds", 0.05)):
        monitor.part("x").select_option(axis)
        assert monitor.points("train", run.name)[0] == pytest.approx([i * per_step for i in range(400)])
    monitor.part("x").select_option("flops")
    x = monitor.points("train", run.name)[0]
    assert x[10] / x[5] == pytest.approx(2)
    monitor.part("log-x").click()
    assert monitor.points("train", run.name)[0][0] > 0, "step 0 has no place on a logarithmic axis"
    assert monitor.ranges()["x"][0] > 0


def test_the_view_survives_updates_a_hidden_tab_and_a_reload_and_travels(monitor, run, browser):
    monitor.open(run.name)
    monitor.part("unit").select_option("ppl")
    monitor.part("log-y").click()
    monitor.part("legend").get_by_text("each step").click()
    drag(monitor, (200, 40), (420, 150))
    view = monitor.ranges()
    assert view["x"][0] > 5
    append_points(run, 400, 500)
    monitor.update()
    assert monitor.points("train", run.name)[0][-1] == 499
    assert monitor.ranges() == view
    monitor.page.evaluate("document.querySelector('#monitor').classList.add('hide')")
    monitor.page.evaluate("document.querySelector('#monitor').classList.remove('hide')")
    assert monitor.ranges() == view
    link = monitor.page.url
    monitor.page.reload()
    monitor.mount(run.name)
    assert monitor.ranges()["x"] == pytest.approx(view["x"], rel=1e-5)
    assert monitor.points("raw", run.name) is None
    expect(monitor.part("unit")).to_have_value("ppl")
    monitor.page.evaluate("localStorage.clear()")
    monitor.open(run.name, link.partition(".test/")[2])
    assert monitor.ranges()["y"] == pytest.approx(view["y"], rel=1e-5)
    assert monitor.points("raw", run.name) is None
    monitor.part("reset").click()
    assert monitor.ranges()["x"][0] <= 1
    assert "zoom" not in monitor.page.url
    monitor.open(run.name, "?unit=__proto__&x=%00&log=z&smooth=3&zoom=a~b&compare=../../etc&hide=")
    assert monitor.state("view.unit") in ("nats", "ppl")
    assert monitor.state("view.compare") == []


def test_the_chart_is_moved_zoomed_and_read_with_mouse_and_keys(monitor, run):
    monitor.open(run.name)
    whole = monitor.ranges()
    drag(monitor, (300, 100), (200, 100), shift=True)
    moved = monitor.ranges()
    assert moved["x"][0] > whole["x"][0] + 10
    assert moved["x"][1] - moved["x"][0] == pytest.approx(whole["x"][1] - whole["x"][0])
    monitor.page.keyboard.press("Escape")
    monitor.part("chart").dblclick()
    assert monitor.ranges() == whole
    drag(monitor, (200, 100), (400, 102))
    across = monitor.ranges()
    assert across["x"][0] > 10
    assert across["y"] == whole["y"], "a drag along one axis zooms that one alone"
    monitor.part("chart").focus()
    monitor.page.keyboard.press("0")
    assert monitor.ranges() == whole
    monitor.page.keyboard.press("+")
    assert monitor.ranges()["x"][1] < whole["x"][1]
    monitor.page.keyboard.press("0")
    monitor.page.keyboard.press("ArrowRight")
    expect(monitor.part("tip")).to_be_visible()
    assert "validation" in monitor.part("spoken").inner_text()
    step = int(monitor.part("tip").locator("b").inner_text().split()[1].replace(",", ""))
    shown = float(monitor.part("tip").locator("td").nth(1).inner_text())
    x, y = monitor.points("train", run.name)
    assert shown == pytest.approx(y[x.index(step)], abs=2e-3)


def test_runs_are_compared_lines_drawn_once_and_hidden_runs_stay_hidden(monitor, root, run):
    second, third = long_run(root, 300), long_run(root, 200)
    baselines = read_json(third / "baselines.json")
    write_json_atomic(third / "baselines.json", {**baselines, "uniform": 4.4})
    monitor.open(run.name)
    menu = monitor.part("compare")
    menu.locator("summary").click()
    menu.get_by_role("checkbox", name=second.name).check()
    menu.get_by_role("checkbox", name=third.name).check()
    monitor.page.keyboard.press("Escape")
    monitor.wait("chart.runs.length === 3")
    monitor.wait("chart.lines.length > 8")
    names = monitor.state("chart.lines.map((line) => line.label)")
    assert len(names) == 9, "eight of the one text, and one that is elsewhere in the other"
    assert [name for name in names if third.name in name] == [f"uniform 4.40 · {third.name}"]
    box = monitor.part("chart").bounding_box()
    monitor.page.mouse.move(box["x"] + 200, box["y"] + 100)
    assert monitor.part("tip").locator("tr").count() == 4
    monitor.part("legend").get_by_text(second.name, exact=True).click()
    assert monitor.points("train", second.name) is None
    append_points(run, 400, 420)
    monitor.update()
    assert monitor.points("train", run.name)[0][-1] == 419
    assert monitor.points("train", second.name) is None
    assert f"compare={second.name}%2C{third.name}" in monitor.page.url
    monitor.page.evaluate(f"change('{third.name},{run.name}')")
    monitor.wait("chart.runs.length === 2")
    assert monitor.state("chart.runs.map((run) => run.name)") == [third.name, run.name]


def test_crossings_events_and_notes_stand_on_the_curve(monitor, run):
    crossing = {"line": "bigram", "kind": "held_out", "step": 150, "elapsed_s": 7.5, "loss": 3.3}
    set_status(run, crossings=[crossing])
    (run / "events.jsonl").write_text('{"step": 200, "event": "lr", "from": 0.01, "to": 0.001}\n')
    append_points(run, 400, 1500)
    monitor.open(run.name)
    over = monitor.state("chart.shapesOver().map((shape) => shape.text)")
    assert "step 150 · 8 s" in over
    assert "Validation loss passed the held-out bigram line at step 150, after 8 s." in over
    under = monitor.state("chart.shapesUnder().map((shape) => shape.text)")
    assert "learning rate 0.01 → 0.001" in under
    x = monitor.state("chart.frame().x(200)")
    box = monitor.part("chart").bounding_box()
    monitor.page.mouse.move(box["x"] + x + 2, box["y"] + 120)
    expect(monitor.part("tip")).to_contain_text("learning rate 0.01 → 0.001 at step 200")
    notes = monitor.part("notes").locator("li")
    expect(notes.first).to_contain_text("Under the trigram line since step")
    assert not notes.first.locator("p").is_visible()
    notes.first.locator("summary").click()
    expect(notes.first.locator("p")).to_contain_text("the held-out trigram line is at 2.60")
    assert "1" in over, "its pin"


def test_all_curves_can_be_hidden_and_come_back(monitor, run):
    monitor.open(run.name)
    for name in ("training", "validation", "lines in sample", "lines held out"):
        monitor.part("legend").get_by_text(name, exact=True).click()
    assert monitor.state("chart.lines") == []
    monitor.part("legend").get_by_text("validation", exact=True).click()
    assert len(monitor.points("val", run.name)[0]) == 8


def test_small_charts_follow_the_table(monitor, run):
    monitor.open(run.name)
    monitor.part("small").locator("summary").first.click()
    titles = monitor.part("small").locator("figure:visible b").all_inner_texts()
    assert titles == [
        "Learning rate", "Gradient norm", "Tokens per second", "MFU: share of the machine's peak",
        "Validation accuracy", "Memory", "Loss above best n-gram, floor",
    ]  # fmt: skip
    memory = monitor.part("small").locator("figure", has_text="Memory")
    expect(memory.locator("figcaption span")).to_have_text("537 MB ")
    assert "537 MB" in memory.locator("[role=img]").get_attribute("aria-label")


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


def test_old_points_share_buckets_and_the_page_stays_small(page, monitor, run):
    monitor.open(run.name)
    counted = page.evaluate("""() => {
      const [shown] = document.querySelector(".pg-monitor").__monitor.runs;
      const run = new shown.constructor("made up");
      const make = (from) => {
        const step = Array.from({ length: 40 }, (_, i) => from + i), one = step.map(() => 1);
        const mean = step.map((s) => (s === 1234 ? 99 : 2));
        return { step, tokens_seen: step, elapsed_s: step, n: one, mean, low: mean, high: mean };
      };
      const none = { step: [], tokens_seen: [], elapsed_s: [] };
      let most = 0;
      for (let from = 0; from < 100000; from += 40) {
        const small = { step: [from], tokens_seen: [from], elapsed_s: [from], lr: [1] };
        const val = { ...none, val_loss: [] }, status = { state: "running" };
        run.take({ opening: false, epoch: "e", metrics_byte: 0, status, train: make(from), small, val });
        most = Math.max(most, run.train.n.length, run.small.step.length);
      }
      const { n, high, mean, step } = run.train;
      const average = mean.reduce((sum, m, i) => sum + m * n[i], 0) / 100000;
      const total = n.reduce((a, b) => a + b);
      return { most, total, average, peak: Math.max(...high), first: n.slice(0, 50), last: step.at(-1) };
    }""")
    assert counted["most"] <= 3000
    assert counted["total"] == 100_000
    assert (counted["peak"], counted["last"]) == (99, 99_999)
    assert counted["average"] == pytest.approx(2 + 97 / 100_000)
    assert counted["first"] == [1] * 50


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
