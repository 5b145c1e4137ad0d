// The body of a gr.HTML's js_on_load: `element`, `props`, `server`, `watch` and `trigger` are given.
// It asks the server once a second for what is new of the runs on the page, and draws that.

const ACTIVE_MS = 1000, RESTING_MS = 5000, UNSEEN_FACTOR = 5, MAX_BACKOFF_MS = 15000;
const LIST_MS = 2500, NOTES_MS = 5000, LONG_NOTES_MS = 20000, LONG_BYTES = 3e6, RUNS_AT_ONCE = 3;
const root = element.querySelector(".pg-monitor"), box = part("chart");
const view = readView();
const chart = new LossChart(box);
const smallCharts = props.small_charts.map((entry) => new SmallChart(part(entry.place).querySelector(".pg-mon-small"), entry));
const writing = new Completions(part, server);
const pointer = new Pointer(chart, box, part("tip"), part("spoken"), (zoom) => change({ zoom }));
const compare = new Compare(part("compare"), server, (names) => { change({ compare: names }); setRuns(runs[0]?.name ?? ""); });
let runs = [];
const state = (root.__monitor = {
  busy: false, fails: 0, updates: 0, polls: 0, drawMs: 0, notesDue: 0, lastBytes: 0, pauseMs: 0, list: null, standing: "", listDue: 0, stage: false, view, chart, small: smallCharts,
  get runs() { return runs; },
});

/** Load uPlot from the app itself, once for the page, when the chart is first in view. */
function loadPlot() {
  if (window.uPlot) return Promise.resolve();
  const prefix = `${window.gradio_config?.root ?? ""}${window.gradio_config?.api_prefix ?? "/gradio_api"}`;
  window.pgPlot ??= new Promise((resolve, reject) => {
    const script = document.head.appendChild(document.createElement("script"));
    script.src = `${prefix}/file=${props.uplot_path}`;
    script.onload = resolve;
    script.onerror = () => { delete window.pgPlot; script.remove(); reject(new Error("uPlot")); };
  });
  return window.pgPlot;
}

function isSeen() {
  return document.visibilityState === "visible" && element.offsetParent !== null;
}

function change(part_) {
  Object.assign(view, part_);
  if (view.zoom && !view.zoom.x && !view.zoom.y) view.zoom = null;
  writeView(view, runs[0]?.name);
  draw();
}

function toggle(name) {
  change({ hide: view.hide.includes(name) ? view.hide.filter((other) => other !== name) : [...view.hide, name] });
}

function draw() {
  const [run] = runs;
  if (!run?.status) return;
  showTitle(run, view);
  if (!element.offsetParent || !window.uPlot) return;
  const began = performance.now();
  const shown = runs.filter((other) => other.status);
  showTools(view);
  showStatus(run);
  const train = showNumbers(run, view);
  showLegend(shown, view, toggle);
  showNotes(run);
  if (part("about").open) showLines(run, view);
  const passed = run.crossings[run.crossings.length - 1];
  say("event", passed ? passed.text : "");
  chart.draw(shown, view, state.stage);
  box.setAttribute("aria-label", `Loss of ${shown.map((other) => other.name).join(", ")}: training ${lossWords(train)}, `
    + `validation ${part("loss").textContent} at step ${run.status.step}`);
  showKnowledge(run);
  const open = smallCharts.filter((small) => part(small.chart.place).open);
  open.forEach((small) => small.draw(shown, view, chart.look, chart.ranges.x));
  state.drawMs = performance.now() - began;
}

/** Show runs by name, the first in full; what is known of those already here is kept. */
function setRuns(first) {
  const names = first ? [first, ...view.compare.filter((name) => name !== first)] : [];
  runs = names.map((name) => runs.find((run) => run.name === name) ?? new Run(name));
  compare.set(first, names.slice(1));
  part("ended").hidden = true;
  state.notesDue = 0;
  poll();
}

function showNothing(text) {
  root.classList.add("pg-mon-empty");
  say("message", text);
}

/** Compare no longer with a run that is gone. */
function leaveOut(run) {
  runs = runs.filter((other) => other !== run);
  change({ compare: view.compare.filter((name) => name !== run.name) });
  compare.set(runs[0].name, runs.slice(1).map((other) => other.name));
}

/** Take in the answer for one run; returns whether the page has to be drawn anew. */
function take(answer) {
  const run = runs.find((other) => other.name === answer.run);
  if (!run) return false;
  const factor = isSeen() ? 1 : UNSEEN_FACTOR;
  if (answer.error) {
    Object.assign(run, { error: answer.error, due: performance.now() + RESTING_MS * factor });
    if (run === runs[0]) showNothing(answer.error);
    else leaveOut(run);
    return false;
  }
  const wasActive = run.status && run.active && run.epoch === answer.epoch;
  run.take(answer);
  run.due = performance.now() + (run.active ? Math.max(ACTIVE_MS, state.pauseMs) : RESTING_MS) * factor;
  if (run !== runs[0]) return true;
  root.classList.remove("pg-mon-empty");
  if (answer.notes) state.notesDue = performance.now() + (run.metrics_byte > LONG_BYTES ? LONG_NOTES_MS : NOTES_MS);
  if (wasActive && !run.active) {
    run.ended = true;
    state.notesDue = 0;
    showEnding(run);
  } else if (run.active) run.ended = false;
  return true;
}

function requests() {
  const now = performance.now();
  const due = runs.filter((run, i) => run.due <= now && (i === 0 || runs[0].status));
  return due.slice(0, RUNS_AT_ONCE).map((run) => {
    const at = runs.indexOf(run);
    return run.request(at < 2, at === 0 && now >= state.notesDue && (run.active || !state.notesDue));
  });
}

/** Ask for what is new; where the list of runs or the buttons of the first have changed, the page is told. */
async function ask(asked) {
  const answer = JSON.parse(await inTime(server.poll({ runs: asked })));
  state.fails = 0;
  state.pauseMs = answer.pause_ms;
  state.listDue = performance.now() + LIST_MS;
  const first = answer.runs.find((other) => other.run === runs[0]?.name);
  if (first) state.standing = first.standing;
  const word = `${answer.list}:${first?.run}:${state.standing}`;
  if (state.list !== word && (first || !runs.length)) {
    state.list = word;
    trigger("select", {});
  }
  return answer.runs;
}

/** Without a run there is nothing to draw, but one may be launched elsewhere. */
async function lookForRuns() {
  showNothing("No run yet: choose a text and a model, and press Launch training.");
  if (state.listDue > performance.now() || !isSeen()) return;
  state.listDue = performance.now() + LIST_MS;
  await ask([]).catch(() => {}); // tried again, as long as the page is open
}

async function poll() {
  if (state.busy) return;
  if (!runs.length) return lookForRuns();
  if (!window.uPlot && !isSeen()) return; // nothing is fetched before the chart was first looked at
  state.busy = true;
  state.polls++;
  try {
    await loadPlot();
    for (let asked = requests(); asked.length; asked = requests()) {
      const answers = await ask(asked);
      const fresh = answers.map(take).some(Boolean);
      if (fresh) {
        draw();
        const beside = runs.slice(0, 2).filter((run) => run.hasSamples);
        writing.update(beside, answers.filter((answer) => answer.samples && beside.some((run) => run.name === answer.run)));
        state.updates++;
      }
    }
  } catch (error) {
    state.fails++;
    if (state.fails > 1) say("message", "Connection lost: trying again …");
    const pause = Math.min(MAX_BACKOFF_MS, ACTIVE_MS * 2 ** state.fails);
    for (const run of runs) run.due = Math.max(run.due, performance.now() + pause);
  } finally {
    state.busy = false;
  }
}

/** The value names the run shown; runs after a comma are compared with it, in place of those chosen before. */
function show(value) {
  const [first, ...others] = String(value ?? "").split(",").filter(Boolean);
  if (others.length) view.compare = READ.compare(others.join(","));
  if (first) writeView(view, first);
  setRuns(first ?? "");
}

function setStage(on) {
  state.stage = on;
  root.classList.toggle("pg-stage", on);
  document.body.classList.toggle("pg-staged", on);
  part("stage").setAttribute("aria-pressed", on);
  setText(part("stage"), on ? "Leave stage" : "Stage");
  draw();
}

const SAVES = { png: savePng, svg: saveSvg, csv: () => saveCsv(server, runs.map((run) => run.name)) };

async function onSave(event) {
  const kind = event.target.dataset?.as;
  if (!kind || !chart.plot) return;
  part("save").open = false;
  try {
    await SAVES[kind](chart, `${runs[0].name}-curve`);
  } catch (error) {
    say("message", `The curve could not be saved: ${error.message}.`);
  }
}

function onKey(event) {
  if (event.key !== "Escape") return;
  for (const menu of element.querySelectorAll("details.pg-mon-menu[open]")) menu.open = false;
  if (state.stage) setStage(false);
}

/** A click elsewhere closes an open menu. */
function onClick(event) {
  for (const menu of element.querySelectorAll("details.pg-mon-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

function onSeen() {
  if (!isSeen()) return;
  for (const run of runs) run.due = Math.min(run.due, performance.now());
  if (runs[0]?.ended) {
    runs[0].ended = false;
    showTitle(runs[0], view);
  }
  poll();
}

const timer = setInterval(() => (element.isConnected ? poll() : close()), 250);
const resized = new ResizeObserver(() => {
  if (box.clientWidth === 0) return;
  draw();
  onSeen();
});
const themed = new MutationObserver(() => draw());

function close() {
  clearInterval(timer);
  resized.disconnect();
  themed.disconnect();
  writing.stop();
  document.removeEventListener("visibilitychange", onSeen);
  document.removeEventListener("keydown", onKey);
  document.removeEventListener("click", onClick);
  chart.close();
  smallCharts.forEach((small) => small.close());
}

connectTools(view, change, () => change({ zoom: null }));
part("stage").addEventListener("click", () => setStage(!state.stage));
part("save").addEventListener("click", onSave);
part("small").addEventListener("toggle", draw);
part("knows").addEventListener("toggle", draw);
part("about").addEventListener("toggle", draw);
part("ended").querySelector("button").addEventListener("click", () => (part("ended").hidden = true));
document.addEventListener("visibilitychange", onSeen);
document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
resized.observe(box);
themed.observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", () => show(props.value));
show(props.value);
