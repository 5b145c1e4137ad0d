"""What an open page bears: sleep, a clock set anew, a slow network, files and folders that go, wild hands."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from playground import processes, runs
from playground.bench.tick import append_points, long_run
from playground.files import read_json, write_json_atomic
from tests.app_process import DEMO, MONITOR, App, open_page, running
from tests.hand_made import Stranger
from tests.permissions import be_bound, make_read_only, make_writable

RUN = f"{MONITOR}?.runs[0]"
LAST_STEP = f"{RUN}?.train.step.at(-1)"
POINTS = 400
LONG = 8000
"""Points with so many evaluations that they are not drawn as dots any more."""

TEN_MEGABYTES = 10_000_000


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("page") / "runs")
    app.before = be_bound
    shutil.copytree(DEMO, app.runs / "demo")
    with running(app):
        yield app


@pytest.fixture
def run(app):
    """A run that seems to train: its worker is a process that sleeps."""
    run = long_run(app.runs, POINTS)
    worker = subprocess.Popen(["sleep", "600"])
    beat(run, POINTS, pid=worker.pid, start_time=processes.start_time(worker.pid), state="running")
    yield run
    for waiting in runs.waiting_runs(app.runs):
        runs.delete_run(waiting)
    worker.kill()
    worker.wait()
    make_writable(run)
    shutil.rmtree(run)


def beat(run, step: int, **changes) -> None:
    """Write the status of a run as its worker does."""
    known = {"step": step, "total_steps": 10**6, "heartbeat": time.time(), "elapsed_s": step / 20}
    write_json_atomic(run / "status.json", {**(read_json(run / "status.json") or {}), **known, **changes})


def learn(run, start: int, end: int) -> None:
    append_points(run, start, end)
    beat(run, end)


def wait_for_step(page: Page, step: int) -> None:
    page.wait_for_function(f"{LAST_STEP} === {step - 1}", timeout=60_000)


NAP = """
const clock = Date.now;
let last = clock(), slept = 0;
Date.now = () => {
  if (clock() - last > 2000) slept += 3600e3;
  last = clock();
  return last + slept;
};
setInterval(Date.now, 100);
"""
"""A page that is not on for two seconds finds that an hour has passed."""


def test_a_browser_that_was_asleep_for_an_hour_catches_up(page, app, run):
    page.add_init_script(NAP)
    learn(run, POINTS, LONG)
    open_page(page, app, f"?run={run.name}&zoom=10~300~1~5")
    wait_for_step(page, LONG)
    page.evaluate(f"window.plot = {MONITOR}.chart.plot")
    polls, tools = [], page.context.new_cdp_session(page)
    page.on("request", lambda request: is_poll(request) and polls.append(request))
    tools.send("Debugger.enable")
    tools.send("Debugger.pause")  # a page that is looked at is not frozen otherwise
    page.wait_for_timeout(500)
    before = len(polls)
    an_hour = LONG + 20 * 3600
    learn(run, LONG, an_hour)
    page.wait_for_timeout(2500)
    assert len(polls) == before, "it sleeps"
    tools.send("Debugger.resume")
    wait_for_step(page, an_hour)
    assert len(polls) <= before + 4, "no flood of what was missed"
    assert page.evaluate(f"{RUN}.val.step.length") > 300, "an hour is not told in a few points"
    assert page.evaluate(f"{RUN}.train.n.reduce((a, b) => a + b)") == an_hour
    assert page.evaluate(f"{MONITOR}.chart.plot === window.plot"), "the chart was not built anew"
    assert page.evaluate(f"{MONITOR}.chart.ranges") == {"x": [10, 300], "y": [1, 5]}


def test_a_clock_that_is_set_anew_stops_no_page(page, app, run):
    open_page(page, app, f"?run={run.name}")
    wait_for_step(page, POINTS)
    page.evaluate("() => { const clock = Date.now; Date.now = () => clock() + 3600e3 * window.hours; }")
    for hours, more in ((-1, 10), (-1, 20), (1, 30), (1, 40)):
        page.evaluate(f"window.hours = {hours}")
        learn(run, POINTS + more - 10, POINTS + more)
        wait_for_step(page, POINTS + more)
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator(f"#run-book li[data-run={run.name}]")).to_be_visible(timeout=20_000)
    assert "-" not in page.locator(f"#run-book li[data-run={run.name}] .pg-book-age").inner_text()


def test_a_page_says_what_happened_to_the_files_of_its_run(page, app, run):
    """Read-only, then writable; its metrics deleted, its config cut in half; then gone with its folder."""
    open_page(page, app, f"?run={run.name}")
    message, state = page.get_by_test_id("monitor-message"), page.get_by_test_id("monitor-state")
    expect(state).to_have_text("Training", timeout=20_000)
    beat(run, POINTS, heartbeat=time.time() - 60)
    make_read_only(run)
    expect(state).to_have_text("Paused", timeout=20_000)
    expect(message).to_contain_text(f"Nothing can be written into {run}")
    make_writable(run)
    expect(state).to_have_text("Training", timeout=20_000)
    expect(message).to_have_text("")

    points = page.evaluate(f"{RUN}.train.n.length")
    (run / "metrics.jsonl").unlink()
    page.wait_for_timeout(1500)
    learn(run, POINTS, POINTS + 50)
    wait_for_step(page, POINTS + 50)
    assert page.evaluate(f"{RUN}.train.n.length") > points, "what was drawn stays"

    config = (run / "config.json").read_text()
    (run / "config.json").write_text(config[: len(config) // 2])
    learn(run, POINTS + 50, POINTS + 60)
    wait_for_step(page, POINTS + 60)
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator(f"#run-book li[data-run={run.name}]")).to_contain_text(
        "config can't be read", timeout=20_000
    )
    page.get_by_role("tab", name="Train").click()

    run.rename(run.with_name(".gone"))
    expect(message).to_contain_text(f"no run named '{run.name}' any more", timeout=20_000)
    run.with_name(".gone").rename(run)
    expect(message).to_have_text("", timeout=20_000)


SLOW = {"offline": False, "latency": 1500, "downloadThroughput": 50_000, "uploadThroughput": 50_000}


def test_a_slow_network_is_waited_for(page, app, run):
    """The page comes (its parts are known from an earlier visit), asks one thing at a time, and launches."""
    open_page(page, app, f"?run={run.name}")
    wait_for_step(page, POINTS)
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", SLOW)
    under_way, most = [], []
    page.on("request", lambda r: is_poll(r) and (under_way.append(r), most.append(len(under_way))))
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda r: r in under_way and under_way.remove(r))
    page.reload(timeout=60_000)
    wait_for_step(page, POINTS)
    learn(run, POINTS, POINTS + 50)
    wait_for_step(page, POINTS + 50)
    assert max(most) == 1, "no question is asked before the last one is answered"
    page.get_by_role("button", name="Launch training").click()
    expect(page.locator("#launch-message")).to_contain_text("waits in the queue, at place 1", timeout=60_000)


def is_poll(request) -> bool:
    return '"poll"' in (request.post_data or "")


HAMMER = """(selector) => {
  const button = document.querySelector(selector);
  for (let press = 0; press < 50; press++) setTimeout(() => button.click(), 40 * press);
}"""


def test_launch_pressed_fifty_times_is_a_queue_that_is_seen(page, app, run):
    """One run trains already, so whatever is launched waits: there is no process more."""
    open_page(page, app, f"?run={run.name}")
    before = len(runs.list_runs(app.runs))
    page.evaluate(HAMMER, "#launch")
    message = page.locator("#launch-message")
    expect(message).to_contain_text("waits in the queue", timeout=20_000)
    page.wait_for_timeout(3000)
    place = int(re.search(r"at place (\d+)", message.inner_text())[1])
    waiting = runs.waiting_runs(app.runs)
    assert 1 <= len(waiting) == place < 50, "a press while the last one is under way is none"
    assert len(runs.list_runs(app.runs)) == before + place
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator("#run-book li[data-run]", has_text=f"Place {place}")).to_be_visible(timeout=20_000)


MOVE = """async () => {
  const slider = document.querySelector("#temperature input[type=range]");
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  for (let move = 0; move < 1000; move++) {
    set.call(slider, move === 999 ? 0 : (move % 200) / 100);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    if (move % 10 === 9) await new Promise((done) => setTimeout(done, 40));
  }
}"""


def test_a_slider_moved_a_thousand_times_shows_its_last_value(page, app):
    """A hundred times a second, faster than any hand; the bars are the page's own work."""
    open_page(page, app, "?run=demo&tab=sample")
    kept = page.get_by_test_id("distribution-kept")
    expect(kept).to_contain_text("kept 1,024 of", timeout=30_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.evaluate(MOVE)
    expect(kept).to_contain_text("kept 1 of 1,024 tokens")
    expect(page.get_by_test_id("distribution-row").first.locator(".pg-dist-percent")).to_have_text("100 %")
    expect(page.locator("#temperature input[type=number]")).to_have_value("0")
    page.wait_for_url(re.compile("temp=0(&|$)"), timeout=10_000)
    assert len(asked) < 60, "nobody is asked for each movement"


def test_a_prompt_of_ten_megabytes_is_refused_in_a_sentence(page, app):
    open_page(page, app, "?run=demo&tab=sample")
    expect(page.get_by_test_id("distribution-kept")).to_contain_text("kept", timeout=30_000)
    page.locator("#prompt textarea").fill("a" * TEN_MEGABYTES)
    refused = "The length of the prompt is 10,000,000, but at most 1,000,000 here"
    expect(page.locator("#prompt-note .pg-error")).to_contain_text(refused, timeout=30_000)
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#output-note .pg-error")).to_contain_text(refused, timeout=30_000)
    assert len(page.url) < 2000
    page.locator("#prompt textarea").fill("Once")
    expect(page.get_by_test_id("distribution-kept")).to_contain_text("kept", timeout=30_000)
    expect(page.locator("#prompt-note .pg-error")).to_have_count(0)


def test_ten_megabytes_for_every_function_leave_the_others_their_answers(app, run):
    """Whatever reads a text is sent one; while it works, the page of somebody else is told what is new."""
    asks, other = Stranger(app.url), Stranger(app.url)
    text = "the cat " * (TEN_MEGABYTES // 8)
    request = {"run": "demo", "text": text, "prompt": text, "kind": "char", "name": text, "corpus": text}
    functions = asks.functions()
    assert len(functions) > 15
    with ThreadPoolExecutor() as pool:
        for function in functions:
            answer = pool.submit(asks.server, *function, request)
            while not answer.done():
                assert other.server("monitor", "poll", {"runs": [{"run": run.name}]}).status == 200
            assert answer.result().status == 200
            assert "Traceback" not in answer.result().body
