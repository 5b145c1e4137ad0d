// The body of a gr.HTML's js_on_load: `element`, `props`, `watch` and `server` are given. It keeps what differs
// from the preset; what is wrong, what follows and the picture of the schedule come from Python.

const CHECK_MS = 80, PUBLISH_MS = 250;
const root = element.querySelector(".pg-settings");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const rows = new Map([...root.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row]));
const control = (row) => row.querySelector("input, select, textarea");
let state = JSON.parse(props.value), derived = {}, asked = 0, timers = {};

const base = (key) => props.presets[state.preset].values[key];
const valueOf = (key) => (key in state.changes ? state.changes[key] : base(key));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** A value as people read it. */
function words(key, value) {
  if (props.derived.includes(key) && !value) return "automatic";
  if (Array.isArray(value)) return value.length ? `${value.length} lines` : "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (value === null || value === "") return "empty";
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : value;
}

function read(row) {
  const input = control(row), { kind, key } = row.dataset;
  if (kind === "bool") return input.checked;
  if (kind === "lines") return input.value.split("\n").filter((line) => line.trim());
  if (kind !== "int" && kind !== "float") return input.value.trim();
  if (input.value === "") return "derived" in input.dataset && !input.validity.badInput ? 0 : null;
  return Number(input.value);
}

function write(row, key) {
  const input = control(row), value = valueOf(key);
  if (row.dataset.kind === "bool") input.checked = value;
  else if (row.dataset.kind === "lines") { if (!same(read(row), value)) input.value = value.join("\n"); }
  else if (input === document.activeElement && same(read(row), value)) return; // as it is being typed
  else input.value = value === null || ("derived" in input.dataset && !value) ? "" : value;
}

function applies(row) {
  if (!row.dataset.needs) return true;
  const [key, values] = row.dataset.needs.split("=");
  return applies(rows.get(key)) && values.split(",").includes(valueOf(key));
}

function show() {
  for (const [key, row] of rows) {
    const changed = key in state.changes, reset = row.querySelector(".pg-set-reset"), input = control(row);
    write(row, key);
    row.hidden = !applies(row);
    row.classList.toggle("pg-set-is-changed", changed);
    reset.hidden = !changed;
    reset.title = `Back to ${words(key, base(key))}`;
    reset.setAttribute("aria-label", `${row.dataset.label}: back to ${words(key, base(key))}`);
    if ("derived" in input.dataset) input.placeholder = derived[key] ?? "";
    if (props.follow.includes(key) && !changed && key in derived) input.value = words(key, derived[key]);
  }
  showChanged();
  root.querySelectorAll("[data-group]").forEach(showSummary);
}

function showSummary(group) {
  const own = [...group.querySelectorAll("[data-key]")].map((row) => row.dataset.key);
  const wrong = group.querySelectorAll(".pg-set-is-wrong:not([hidden])").length;
  const changed = own.filter((key) => key in state.changes).length;
  const say = group.querySelector('[data-part="summary"]');
  say.textContent = wrong ? "can't work" : changed ? `${changed} changed` : SUMMARIES[group.dataset.group]();
  say.className = wrong ? "pg-set-bad" : changed ? "pg-set-new" : "";
}

const SUMMARIES = {
  model: () => `${valueOf("model.n_layers")} layers, ${valueOf("model.d_model")} wide`,
  optimizer: () => `${valueOf("optim.optimizer")}, ${words("", valueOf("optim.lr"))}`,
  finetuning: () => (valueOf("train.lora_rank") ? `LoRA of rank ${valueOf("train.lora_rank")}` : "all weights"),
  schedule: () => `${valueOf("optim.schedule")}, ${valueOf("train.steps").toLocaleString("en-US")} steps`,
  batches: () => `${valueOf("train.batch_size") * valueOf("train.accumulate")} × ${valueOf("model.n_ctx")} tokens`,
  evaluation: () => `every ${valueOf("train.eval_every")} steps`,
  completions: () => `every ${valueOf("train.sample_every")} steps`,
  device: () => valueOf("train.device"),
};

/** What differs from the preset, each with a way back. */
function showChanged() {
  const keys = [...rows.keys()].filter((key) => key in state.changes), box = part("changed");
  box.hidden = !keys.length;
  box.replaceChildren();
  if (!keys.length) return;
  box.append(`Changed from ${props.presets[state.preset].title}: `);
  for (const key of keys) {
    const text = `${rows.get(key).dataset.label} ${words(key, base(key))} → ${words(key, state.changes[key])}`;
    box.append(button(`${text} ↺`, () => reset([key])), " ");
  }
  if (keys.length > 1) box.append(button("Reset all", () => reset(keys)));
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

/** Say what choosing another preset has changed. */
function showDifference(before, changesBefore) {
  const was = (key) => (key in changesBefore ? changesBefore[key] : props.presets[before].values[key]);
  const keys = [...rows.keys()].filter((key) => !rows.get(key).hidden && !same(was(key), valueOf(key)));
  const list = keys.map((key) => `${rows.get(key).dataset.label.toLowerCase()} ${words(key, was(key))} → ${words(key, valueOf(key))}`);
  part("difference").textContent = list.length && before !== state.preset
    ? `Against the settings before: ${list.join(", ")}.` : "";
}

function reset(keys) {
  keys.forEach((key) => delete state.changes[key]);
  changed();
}

function change(changes) {
  for (const [key, value] of Object.entries(changes)) {
    if (same(value, base(key))) delete state.changes[key];
    else state.changes[key] = value;
  }
  changed();
}

function changed() {
  part("difference").textContent = "";
  show();
  after("check", CHECK_MS, check);
  after("publish", PUBLISH_MS, publish);
}

function after(name, wait, action) {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(action, wait);
}

function publish() {
  props.value = JSON.stringify(state);
}

async function check() {
  const ticket = ++asked;
  const answer = JSON.parse(await server.look(state));
  if (ticket !== asked) return;
  for (const [key, row] of rows) {
    const error = answer.errors[key] ?? "", said = row.querySelector(".pg-set-error");
    said.textContent = error;
    said.hidden = !error;
    row.classList.toggle("pg-set-is-wrong", Boolean(error));
    control(row).setAttribute("aria-invalid", String(Boolean(error)));
  }
  Object.assign(derived, answer.derived);
  if (answer.schedule) part("schedule").innerHTML = answer.schedule;
  show();
}

root.addEventListener("input", (event) => {
  const row = event.target.closest("[data-key]");
  if (row) change({ [row.dataset.key]: read(row) });
});
root.addEventListener("click", (event) => {
  if (event.target.matches(".pg-set-reset")) reset([event.target.closest("[data-key]").dataset.key]);
});
// A button elsewhere on the page that offers a change, as the advice on memory does.
document.addEventListener("click", (event) => {
  const offer = event.target.closest?.("[data-settings-change]");
  if (offer && root.isConnected) change(JSON.parse(offer.dataset.settingsChange));
});
watch("value", () => {
  if (props.value === JSON.stringify(state)) return;
  const before = state;
  state = JSON.parse(props.value);
  show();
  showDifference(before.preset, before.changes);
  check();
});
show();
check();
