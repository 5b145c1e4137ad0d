// The body of a gr.HTML's js_on_load: `element`, `props`, `server` and `trigger` are given.

const root = element.querySelector(".pg-book"), part = (name) => element.querySelector(`[data-testid="book-${name}"]`);
const LIVE_MS = 2000, RESTING_MS = 6000;
const rows = new Map(), chosen = new Set();
let names = [], open = null, undo = null, compared = null;
const state = (root.__book = { busy: false, due: 0, polls: 0, fails: 0, rows, chosen });
const list = part("list"), search = part("search");

function isSeen() {
  return document.visibilityState === "visible" && element.offsetParent !== null;
}

function say(words, tokens = null, wrong = false) {
  const place = part("said"), back = place.querySelector("button");
  setText(place.querySelector("span"), words);
  place.classList.toggle("pg-book-bad", wrong);
  place.hidden = !words;
  undo = tokens;
  back.hidden = !tokens;
}

/** Ask the server for an action, and say how it went; `quiet` says errors alone. */
async function ask(action, values = {}, quiet = false) {
  let answer;
  try {
    answer = await server.act({ action, ...values });
  } catch {
    answer = { error: "Connection lost: try again in a moment." };
  }
  if (answer.error) say(answer.error, null, true);
  else if (!quiet) say(answer.said, answer.tokens ?? null);
  refresh();
  return answer;
}

function remove(runs) {
  if (open && runs.includes(open.name)) close();
  for (const name of runs) chosen.delete(name);
  return ask("delete", { runs });
}

/** Select the runs of a group, and show them as a table. */
function showGroup(group) {
  chosen.clear();
  for (const [name, { row }] of rows) if (row.group === group) chosen.add(name);
  showChosen();
  compared = { group };
  return showCompared(true);
}

const tools = { ask, remove, group: showGroup, tell: (event, values) => trigger(event, values) };

function close() {
  open?.close();
  rows.get(open?.name)?.more.setAttribute("aria-expanded", "false");
  open = null;
}

function toggle(name) {
  const again = open?.name === name;
  close();
  if (again) return;
  open = new Details(rows.get(name), tools);
  rows.get(name).more.setAttribute("aria-expanded", "true");
}

function choose(name, on) {
  if (on) chosen.add(name);
  else chosen.delete(name);
  showChosen();
}

function showChosen() {
  const place = part("chosen");
  place.hidden = !chosen.size;
  setText(place.querySelector("b"), `${chosen.size} selected`);
  for (const [name, row] of rows) row.box.checked = chosen.has(name);
}

/** Pinned runs first, then as the server lists them: the newest first. */
function arrange() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = names.filter((name) => rows.has(name));
  shown.sort((a, b) => rows.get(b).row.pinned - rows.get(a).row.pinned);
  let count = 0;
  shown.forEach((name, i) => {
    const { item } = rows.get(name);
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null);
    item.hidden = !rows.get(name).matches(words);
    count += !item.hidden;
  });
  const empty = part("empty");
  empty.hidden = count > 0;
  setText(empty, shown.length ? "No run has that in it." : "No run yet: launch one in the Train tab, or press an experiment.");
}

function showTrash(deleted) {
  const place = part("trash"), key = JSON.stringify(deleted);
  place.hidden = !deleted.length;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  setText(place.querySelector("summary"), `Trash: ${deleted.length} deleted, kept for 14 days`);
  const kept = place.querySelector("ul");
  kept.replaceChildren();
  for (const { token, name } of deleted) {
    const item = node(kept, "li", "", name);
    button(item, "Restore", () => ask("restore", { tokens: [token] }));
  }
}

function take(answer) {
  names = answer.names;
  for (const fresh of answer.rows) {
    if (!rows.has(fresh.name)) rows.set(fresh.name, new Row(fresh.name, choose, (run, pinned) => ask("change", { run, pinned }, true), toggle));
    rows.get(fresh.name).show(fresh);
    if (open?.name === fresh.name) open.update();
  }
  for (const name of [...rows.keys()].filter((each) => !names.includes(each))) {
    if (open?.name === name) close();
    rows.get(name).item.remove();
    rows.delete(name);
    chosen.delete(name);
  }
  for (const row of rows.values()) row.grow();
  arrange();
  showChosen();
  showTrash(answer.deleted);
  sweep.setRuns(names.filter((name) => rows.has(name)).map((name) => rows.get(name).row));
}

async function refresh() {
  if (state.busy) return void (state.due = 0);
  state.busy = true;
  state.polls++;
  state.due = Infinity;
  try {
    take(await inTime(server.book({ seen: Object.fromEntries([...rows].map(([name, { row }]) => [name, row.stamp])) })));
    if (compared && !part("table").hidden) await showCompared(false);
    if (state.fails > 1) say("");
    state.fails = 0;
  } catch {
    state.fails++;
    if (state.fails > 1) say("Connection lost: trying again …", null, true);
  }
  state.busy = false;
  const live = [...rows.values()].some(({ row }) => ACTIVE_STATES.includes(row.state));
  state.due = Math.min(state.due, performance.now() + (live ? LIVE_MS : RESTING_MS));
}

/** Draw the table of compared runs; while it stands it follows them. */
async function showCompared(first) {
  const answer = await server.compare(compared), key = JSON.stringify(answer);
  const place = part("table");
  if (!first && place.dataset.key === key) return;
  const wasOpen = place.querySelector("details")?.open;
  place.dataset.key = key;
  place.hidden = false;
  showTable(place, answer, () => { place.hidden = true; compared = null; });
  if (wasOpen && place.querySelector("details")) place.querySelector("details").open = true;
  if (first) place.scrollIntoView({ block: "nearest" });
}

async function launched(pressed, action, values) {
  pressed.disabled = true;
  const answer = await ask(action, values);
  pressed.disabled = false;
  if (answer.runs) {
    await refresh();
    await showGroup(answer.group);
  }
  return answer;
}

const DO = {
  chart: () => tools.tell("select", { runs: names.filter((name) => chosen.has(name)) }),
  table: () => { compared = { runs: [...chosen] }; return showCompared(true); },
  delete: () => remove([...chosen]),
  none: () => { chosen.clear(); showChosen(); },
};

showExperiments(part("experiments"), props.experiments, (pressed, values) => launched(pressed, "experiment", values));
const sweep = new SweepForm(part("sweep"), props, (pressed, values) => launched(pressed, "sweep", values));
part("chosen").addEventListener("click", (event) => DO[event.target.dataset.do]?.());
part("said").querySelector("button").addEventListener("click", () => ask("restore", { tokens: undo }));
part("trash").querySelector(":scope > button").addEventListener("click", () => ask("empty"));
search.addEventListener("input", arrange);
part("import").addEventListener("click", () => document.querySelector("button#book-import, #book-import button")?.click());
const timer = setInterval(() => {
  if (!element.isConnected) clearInterval(timer);
  else if (isSeen() && performance.now() >= state.due) refresh();
}, 250);
