"""The chart in a real browser, over real run folders: what is drawn, and what must survive an update."""

from __future__ import annotations

import math

import pytest
from playwright.sync_api import expect

from playground.bench.tick import append_points, long_run
from playground.files import read_json, write_json_atomic
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


def test_before_its_first_point_a_run_has_the_axis_that_it_will_have(monitor, root):
    run = long_run(root, 0)
    train_on(run)
    set_status(run, step=0, total_steps=1200)
    monitor.open(run.name)
    assert monitor.ranges()["x"] == [0, 1200]
    append_points(run, 0, 5)
    monitor.update()
    assert monitor.ranges()["x"] == [0, 1200]


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
    monitor.page.wait_for_function("location.href.includes('zoom=')")  # an address is written within a moment
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
    monitor.page.wait_for_function("!location.href.includes('zoom')")
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
    changed = {"uniform": 4.4, "bigram": baselines["bigram"] + 0.001}
    write_json_atomic(third / "baselines.json", {**baselines, **changed})
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
    monitor.page.wait_for_function(f"location.href.includes('compare={second.name}%2C{third.name}')")
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
