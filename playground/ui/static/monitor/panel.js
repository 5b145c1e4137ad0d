// Everything of the monitor that is text or a control: state, numbers, legend, notes and the bar of tools.

const part = (name) => element.querySelector(`[data-testid="monitor-${name}"]`);
const PAGE_TITLE = document.title;

function say(name, text) {
  setText(part(name), text);
}

/** The line that the newest validation loss stands closest under, else the one it has yet to reach. */
function distanceWords(run, unit) {
  const loss = run.valLoss;
  if (loss == null) return "";
  const lines = run.lines.filter((line) => line.kind === "held_out" && line.name !== "floor").sort((a, b) => a.y - b.y);
  const line = lines.find((other) => loss < other.y) ?? lines[lines.length - 1];
  if (!line) return "";
  const { of } = LOSS_UNITS[unit];
  const gap = of(loss, run.facts) - of(line.y, run.facts);
  return `${lossWords(Math.abs(gap)).replace(/(\.\d\d)\d$/, "$1")} ${gap < 0 ? "under" : "above"} ${line.name}`;
}

function showNumbers(run, view) {
  const { of } = LOSS_UNITS[view.unit], { status } = run;
  const average = smoothed(run.train, view.smooth);
  const train = average.length ? of(average[average.length - 1], run.facts) : NaN;
  say("train", lossWords(train));
  say("train-sub", LOSS_UNITS[view.unit].name);
  say("loss", run.valLoss == null ? "–" : lossWords(of(run.valLoss, run.facts)));
  say("loss-sub", distanceWords(run, view.unit));
  say("step", grouped(status.step ?? 0));
  say("step-sub", status.total_steps ? `of ${grouped(status.total_steps)}` : "");
  return train;
}

function showStatus(run) {
  const { status } = run, chip = part("state");
  say("state", STATE_WORDS[status.state] ?? status.state);
  chip.dataset.state = status.state;
  say("speed", speedOf(status));
  say("left", timeOf(status));
  say("message", messageOf(status));
  part("message").classList.toggle("pg-mon-bad", status.state === "failed");
  const bar = element.querySelector(".pg-mon-bar");
  const share = status.total_steps ? (100 * status.step) / status.total_steps : 0;
  bar.firstElementChild.style.width = `${share}%`;
  bar.setAttribute("aria-valuenow", Math.round(share));
}

/** The loss in the browser's tab while a run is under way, and that it has ended until somebody looks. */
function showTitle(run, view) {
  const loss = run.valLoss == null ? "" : lossWords(LOSS_UNITS[view.unit].of(run.valLoss, run.facts));
  const mark = run.ended ? "✓ " : "";
  const title = run.active || run.ended ? `${mark}${loss || STATE_WORDS[run.status.state]} · ${run.name} · ${PAGE_TITLE}` : PAGE_TITLE;
  if (document.title !== title) document.title = title;
}

function showEnding(run) {
  const box = part("ended");
  setText(box.querySelector("span"), endingOf(run.name, run.status, run.valLoss));
  box.hidden = false;
}

/** Buttons that hide and show: one a run where there are several, and one for each kind of curve and line. */
function showLegend(runs, view, toggle) {
  const many = runs.length > 1, colour = (index) => (many ? "" : colourOf(index));
  const entries = [
    ...(many ? runs.map((run, i) => [`run:${run.name}`, run.name, colourOf(i), "solid"]) : []),
    ["train", "training", colour(0), "solid"],
    ["raw", "each step", colour(0), "faint"],
    ["val", "validation", colour(1), many ? "dashed" : "solid"],
    ["in_sample", "lines in sample", colour(0), "dotted"],
    ["held_out", "lines held out", colour(1), "dashed"],
  ];
  const box = part("legend"), key = JSON.stringify([entries, view.hide]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const focused = document.activeElement?.dataset?.hides;
  box.replaceChildren();
  for (const [name, words, shade, line] of entries) {
    const button = node(box, "button", "pg-mon-entry");
    button.type = "button";
    button.dataset.hides = name;
    button.setAttribute("aria-pressed", !view.hide.includes(name));
    node(button, "i", `pg-mon-swatch pg-mon-${line}`).style.borderColor = shade;
    button.append(words);
    button.addEventListener("click", () => toggle(name));
    if (name === focused) button.focus();
  }
}

function showNotes(run) {
  const list = part("notes"), key = JSON.stringify(run.notes);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren();
  for (const note of run.notes) {
    const item = node(list, "li");
    item.dataset.kind = note.kind;
    const words = node(item, "details");
    node(words, "summary", "", note.text);
    node(words, "p", "", note.evidence);
  }
}

/** The sentence of every line of the run shown. */
function showLines(run, view) {
  const list = part("lines"), key = JSON.stringify([run.name, run.lines, view.unit]);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren();
  for (const line of run.lines) {
    const item = node(list, "li"), colour = lineColour(line, lookOf(false, 1000), false);
    const swatch = node(item, "i", `pg-mon-swatch pg-mon-${line.name === "floor" ? "solid" : line.kind === "in_sample" ? "dotted" : "dashed"}`);
    swatch.style.borderColor = colour;
    node(item, "b", "", `${line.label} ${lossWords(levelOf(line, run, view.unit))}`);
    item.append(" ");
    node(item, "span", "", line.text);
  }
}

/** Which way of counting the predictions are closest to, and whether they are leaving it. */
function knowledgeWords(run) {
  const { val } = run, last = val.step.length - 1;
  const near = ["uniform", "unigram", "bigram", "trigram"]
    .map((name) => ({ name, all: val[`kl_${name}`] ?? [] }))
    .filter(({ all }) => all[last] != null)
    .sort((a, b) => a.all[last] - b.all[last])[0];
  if (!near) return "";
  let lowest = last;
  near.all.forEach((value, i) => { if (value != null && value < near.all[lowest]) lowest = i; });
  const now = `closest to: ${near.name}, ${near.all[last].toFixed(2)} nats away`;
  const leaves = near.all[last] > 1.2 * near.all[lowest] + 0.02;
  return leaves ? `${now}, and leaving it since step ${grouped(val.step[lowest])}` : now;
}

function showKnowledge(run) {
  const words = knowledgeWords(run);
  part("knows").hidden = !words;
  say("knows-now", words);
}

function fillSelect(select, choices) {
  for (const [value, { name }] of Object.entries(choices)) node(select, "option", "", name).value = value;
}

/** Connect the bar of tools: `change(part of a view)` draws anew. */
function connectTools(view, change, reset) {
  fillSelect(part("unit"), LOSS_UNITS);
  fillSelect(part("x"), X_AXES);
  part("smooth").max = SMOOTHINGS.length - 1;
  part("unit").addEventListener("change", (event) => change({ unit: event.target.value, zoom: keptZoom(view.zoom, "x") }));
  part("x").addEventListener("change", (event) => change({ x: event.target.value, zoom: keptZoom(view.zoom, "y") }));
  part("smooth").addEventListener("input", (event) => change({ smooth: SMOOTHINGS[event.target.value] }));
  for (const axis of ["x", "y"]) {
    part(`log-${axis}`).addEventListener("click", () => {
      const axes = ["x", "y"].filter((other) => view.log.includes(other) !== (other === axis));
      change({ log: axes.join(""), zoom: null });
    });
  }
  part("reset").addEventListener("click", reset);
}

/** A zoom is kept on the axis that still means the same. */
function keptZoom(zoom, axis) {
  return zoom?.[axis] ? { x: null, y: null, [axis]: zoom[axis] } : null;
}

function showTools(view) {
  part("unit").value = view.unit;
  part("x").value = view.x;
  part("smooth").value = SMOOTHINGS.indexOf(view.smooth);
  say("smooth-words", view.smooth === 1 ? "off" : `${view.smooth} steps`);
  part("smooth").setAttribute("aria-valuetext", view.smooth === 1 ? "off" : `${view.smooth} steps`);
  for (const axis of ["x", "y"]) part(`log-${axis}`).setAttribute("aria-pressed", view.log.includes(axis));
  part("reset").hidden = !view.zoom;
}
