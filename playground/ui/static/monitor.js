// The body of a gr.HTML's js_on_load: `element`, `props`, `server` and `watch` are given.
// It asks the server once a second for what is new, and adds that to what is on the page.

const ACTIVE_MS = 1000, RESTING_MS = 4000, MAX_BACKOFF_MS = 15000;
const ACTIVE_STATES = ["queued", "preparing", "running", "paused"];
const part = (name) => element.querySelector(`[data-testid="monitor-${name}"]`);
const box = part("chart");
const state = (element.querySelector(".pg-monitor").__monitor = {
  run: "", epoch: null, metrics_byte: 0, samples_byte: 0, average: null, n_lines: 0, n_crossings: 0,
  active: true, busy: false, fails: 0, updates: 0, polls: 0, drawMs: 0, due: 0, chart: null, valLoss: null,
});

function say(name, text) {
  const node = part(name);
  if (node.textContent !== text) node.textContent = text;
}

/** Load plotly.js from the app itself, once for the page, when the chart is first in view. */
function loadPlotly() {
  if (window.Plotly) return Promise.resolve();
  const prefix = `${window.gradio_config?.root ?? ""}${window.gradio_config?.api_prefix ?? "/gradio_api"}`;
  window.pgPlotly ??= new Promise((resolve, reject) => {
    const script = document.head.appendChild(document.createElement("script"));
    script.src = `${prefix}/file=${props.plotly_path}`;
    script.onload = resolve;
    script.onerror = () => { delete window.pgPlotly; script.remove(); reject(new Error("plotly.js")); };
  });
  return window.pgPlotly;
}

async function ensureChart() {
  if (state.chart) return;
  if (!window.Plotly) box.textContent = "Loading the chart …";
  await loadPlotly();
  if (state.chart) return;
  box.textContent = "";
  state.chart = new LossChart(box);
}

function showStatus(status) {
  const chip = part("state");
  say("state", STATE_WORDS[status.state] ?? status.state);
  chip.dataset.state = status.state;
  const facts = factsOf(status);
  for (const name of ["step", "speed", "left"]) say(name, facts[name]);
  say("loss", state.valLoss == null ? "" : `validation ${state.valLoss.toFixed(3)}`);
  say("message", messageOf(status));
  part("message").classList.toggle("pg-mon-bad", status.state === "failed");
  const bar = element.querySelector(".pg-mon-bar");
  const share = status.total_steps ? (100 * status.step) / status.total_steps : 0;
  bar.firstElementChild.style.width = `${share}%`;
  bar.setAttribute("aria-valuenow", Math.round(share));
  state.active = ACTIVE_STATES.includes(status.state);
}

function apply(answer) {
  const began = performance.now();
  const thinning = state.chart.isFull && state.epoch === null;
  if (answer.opening) {
    state.chart.open(answer, thinning);
    part("samples").replaceChildren();
    state.n_crossings = 0;
    say("event", "");
  } else {
    state.chart.extend(answer);
  }
  if (answer.lines) showLines(part("lines"), answer.lines);
  if (answer.opening || answer.lines) state.chart.frame(answer.status.total_steps, answer.lines ?? []);
  else state.chart.frame(answer.status.total_steps);
  if (answer.crossings) {
    state.chart.marks(answer.crossings);
    say("event", answer.crossings.length ? answer.crossings[answer.crossings.length - 1].text : "");
    state.n_crossings = answer.crossings.length;
  }
  if (answer.lines) state.n_lines = answer.lines.length;
  else if (answer.opening) state.n_lines = 0;
  showSamples(part("samples"), answer.samples);
  if (answer.val.y.length) state.valLoss = answer.val.y[answer.val.y.length - 1];
  else if (answer.opening) state.valLoss = null;
  showStatus(answer.status);
  for (const key of ["epoch", "metrics_byte", "samples_byte", "average"]) state[key] = answer[key];
  state.updates++;
  state.drawMs = performance.now() - began;
  // Too many points to draw quickly: the next answer brings all of them anew, thinned.
  if (state.chart.isFull) state.epoch = null;
}

function showNothing(text) {
  element.querySelector(".pg-monitor").classList.toggle("pg-mon-empty", true);
  say("message", text);
}

async function poll() {
  const visible = document.visibilityState === "visible" && element.offsetParent;
  if (state.busy || !visible) return;
  if (!state.run) return showNothing("No run yet: choose a text and a model, and press Launch training.");
  state.busy = true;
  state.polls++;
  const run = state.run;
  try {
    await ensureChart();
    const { epoch, metrics_byte, samples_byte, average, n_lines, n_crossings } = state;
    const answer = await server.poll({ run, epoch, metrics_byte, samples_byte, average, n_lines, n_crossings });
    state.fails = 0;
    if (run !== state.run) return;
    element.querySelector(".pg-monitor").classList.toggle("pg-mon-empty", Boolean(answer.error));
    if (answer.error) showNothing(answer.error);
    else apply(answer);
  } catch (error) {
    state.fails++;
    if (state.fails > 1) say("message", "Connection lost: trying again …");
  } finally {
    state.busy = false;
    const pause = state.active ? ACTIVE_MS : RESTING_MS;
    state.due = Date.now() + Math.min(MAX_BACKOFF_MS, pause * 2 ** state.fails);
    if (run !== state.run) poll();
  }
}

function show(run) {
  if (run === state.run && state.polls) return poll();
  Object.assign(state, { run, epoch: null, active: true, due: 0 });
  poll();
}

const timer = setInterval(() => {
  if (!element.isConnected) return close();
  if (Date.now() >= state.due) poll();
}, 250);
const resized = new ResizeObserver(() => {
  if (box.clientWidth === 0) return;
  if (state.chart && box.clientWidth !== state.width) state.chart.resize();
  state.width = box.clientWidth;
  poll();
});
const themed = new MutationObserver(() => state.chart?.restyle());

function close() {
  clearInterval(timer);
  resized.disconnect();
  themed.disconnect();
  document.removeEventListener("visibilitychange", poll);
  state.chart?.close();
}

resized.observe(box);
themed.observe(document.body, { attributes: true, attributeFilter: ["class"] });
document.addEventListener("visibilitychange", poll);
watch("value", () => show(props.value ?? ""));
show(props.value ?? "");
