// The body of a gr.HTML's js_on_load: `element`, `props` and `watch` are given, reshape.js stands before it.
// Python sends the logits once per prompt; from then on every slider movement is computed and drawn here.

const ROWS = 20;
const part = (name) => element.querySelector(`[data-testid="distribution-${name}"]`);
const root = element.querySelector('[data-testid="distribution"]');
const stats = (root.__distribution = { redraws: 0, lastMs: 0, kept: 0, redraw: schedule });

function child(parent, tag, className) {
  const node = parent.appendChild(document.createElement(tag));
  node.className = className;
  return node;
}

function newRow() {
  const row = child(part("rows"), "div", "pg-dist-row");
  row.setAttribute("role", "listitem");
  row.dataset.testid = "distribution-row";
  const token = child(row, "bdi", "pg-dist-token");
  const track = child(row, "span", "pg-dist-track");
  const ghost = child(track, "span", "pg-dist-ghost");
  const bar = child(track, "span", "pg-dist-bar");
  const tag = child(track, "span", "pg-dist-tag");
  return { row, token, ghost, bar, tag, percent: child(row, "span", "pg-dist-percent") };
}

const rows = Array.from({ length: ROWS }, newRow);

/** Make the whitespace at a token's edges, and what has no shape of its own, visible. */
function visible(label) {
  const dots = (spaces) => "·".repeat(spaces.length);
  return label
    .replace(/^ +| +$/g, dots)
    .replace(/\r/g, "␍").replace(/\n/g, "↵").replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (c) => "U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0"));
}

function percent(p, isKept) {
  if (!isKept) return "0 %";
  if (p < 0.0001) return "<0.01 %";
  const digits = p >= 0.9995 ? 0 : p >= 0.1 ? 1 : 2;
  return `${(100 * p).toFixed(digits)} %`;
}

function decode(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** What depends on the value alone; null before there is one. */
function prepare(value) {
  if (!value || !value.logits) return null;
  const given = decode(value.logits);
  return { given, names: Array.from(value.labels), numbers: Array.from(value.ids), own: temper(given, 1),
    seen: Array.from(value.seen || []), penalty: null };
}

/** Put the tokens into the order that a repetition penalty gives them; without one, as they came. */
function reorder(penalty) {
  if (penalty === prepared.penalty) return;
  const { given, names, numbers, seen } = prepared;
  const isOff = penalty === 1 || !seen.length;
  const { logits, places } = isOff ? { logits: given, places: null } : penalise(given, seen, penalty);
  const first = Array.from({ length: Math.min(ROWS, names.length) }, (_, i) => (places ? places[i] : i));
  Object.assign(prepared, { penalty, logits, tempered: null, at: null, first });
  prepared.model = isOff ? prepared.own : temper(logits, 1);
  prepared.labels = first.map((i) => names[i] ?? "…");
  prepared.ids = first.map((i) => numbers[i] ?? "unnamed");
}

let prepared = prepare(props.value);

/** Where the sliders stand: what they last reported, else what the page began with. */
function settings() {
  const [temperature, topK, topP, minP, penalty] = (window.pgDistribution || {})[props.slider_key] || props.settings;
  const number = (x, otherwise) => (Number.isFinite(x) ? x : otherwise); // an emptied number box is null
  return {
    temperature: Math.max(0, number(temperature, 1)),
    topK: Math.max(0, Math.floor(number(topK, 0))),
    topP: Math.min(1, Math.max(0, number(topP, 1))),
    minP: Math.min(1, Math.max(0, number(minP, 0))),
    penalty: number(penalty, 1) > 0 ? number(penalty, 1) : 1,
  };
}

function view({ temperature, topK, topP, minP, penalty }) {
  reorder(penalty);
  if (temperature !== prepared.at) {
    prepared.tempered = temperature > 0 ? temper(prepared.logits, temperature) : null;
    prepared.at = temperature;
  }
  const { model, tempered, own, first, labels } = prepared;
  const shown = reshapeTop(model, tempered, temperature, topK, topP, minP, labels.length);
  const total = own.sums[own.sums.length - 1];
  shown.before = first.map((i) => own.weights[i] / total); // the model's own, before the penalty too
  shown.entropyBefore = entropyOf(own, own.sums.length);
  return shown;
}

/** Touch the page only where something changed: most of a movement leaves most of a row as it was. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function drawRow({ row, token, ghost, bar, tag, percent: number }, i, shown, scale) {
  const isFilled = i < prepared.labels.length;
  row.classList.toggle("pg-dist-blank", !isFilled);
  row.setAttribute("aria-hidden", String(!isFilled));
  if (!isFilled) return;
  const rule = RULES[shown.removedBy[i]];
  row.dataset.removedBy = rule;
  put(token, visible(prepared.labels[i]));
  put(tag, rule);
  put(number, percent(shown.after[i], !rule));
  ghost.style.width = `${(100 * shown.before[i]) / scale}%`;
  bar.style.width = `${(100 * shown.after[i]) / scale}%`;
  const change = `${percent(shown.before[i], true)} before, ${percent(shown.after[i], !rule)} after`;
  row.title = `token ${prepared.ids[i]}: ${change}`;
}

function drawSummary(shown) {
  const count = (n) => n.toLocaleString("en-US");
  const n = prepared.logits.length;
  const [before, after] = [shown.entropyBefore.toFixed(2), shown.entropyAfter.toFixed(2)];
  put(part("kept"), `kept ${count(shown.kept)} of ${count(n)} tokens`);
  put(part("entropy"), `entropy ${after} nats (before ${before})`);
  const others = n - prepared.labels.length;
  const left = (ps) => Math.max(0, 1 - ps.reduce((sum, p) => sum + p, 0));
  const rest = `${count(others)} others: ${percent(left(shown.after), shown.kept > prepared.labels.length)}`;
  put(part("rest"), others ? rest : "");
}

function draw() {
  const start = performance.now();
  root.classList.toggle("pg-dist-empty", !prepared);
  if (prepared) {
    const shown = view(settings());
    const scale = Math.max(...shown.before, shown.after[0]);
    rows.forEach((row, i) => drawRow(row, i, shown, scale));
    drawSummary(shown);
    stats.kept = shown.kept;
  }
  put(part("context"), prepared ? props.value.context || "" : "");
  put(part("source"), prepared ? props.value.source || "" : "");
  stats.lastMs = performance.now() - start;
  stats.redraws += 1;
}

/** Draw at once, so that a movement is in the next picture; what else comes before it shares one redraw. */
let frame = 0, moved = false;
function schedule() {
  moved = true;
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    if (moved) schedule();
  });
  moved = false;
  draw();
}

watch("value", () => {
  prepared = prepare(props.value);
  schedule();
});
draw();
