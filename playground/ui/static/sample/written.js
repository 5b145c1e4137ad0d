// The body of a gr.HTML's js_on_load: `element`, `props` and `watch` are given, branches.js stands before it.
// Python sends the tokens of one branch as they are drawn; the tree of all branches lives here.

const SHARES = [0.8, 0.5, 0.2, 0.05], CLOSE_MS = 250;
const part = (name) => element.querySelector(`[data-testid="say-${name}"]`);
const text = part("text"), pop = part("pop");
const by = part("by");  // own: the model's own probability; p: after the sliders
let tree = null, shown = [], at = -1, closing = 0, extra = {}, written = null;
const percent = (p) => (p < 0.001 ? "<0.1 %" : `${(100 * p).toFixed(1)} %`);
const visible = (label) => label.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/^ +| +$/g, (s) => "·".repeat(s.length));

function make(tag, content, parent) {
  const node = parent.appendChild(document.createElement(tag));
  node.textContent = content;
  return node;
}

function bucket(p) {
  const place = SHARES.findIndex((share) => p >= share);
  return place < 0 ? SHARES.length : place;
}

/** Draw the path; where it only grew, the new tokens alone. */
function draw() {
  const path = tree ? tree.path() : [];
  const grew = shown.length && shown.every((node, i) => node === path[i]);
  if (!grew) {
    text.replaceChildren();
    if (tree) make("b", tree.prompt, text);
    shown = [];
  }
  const follows = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
  for (const node of path.slice(shown.length)) {
    const span = make("span", node.text, text);
    span.dataset.p = bucket(node[by.value]);
    span.dataset.at = shown.push(node) - 1;
  }
  if (follows) text.scrollTop = text.scrollHeight;
  spans().forEach((span, i) => span.classList.toggle("pg-say-fork", shown[i].parent.children.length > 1));
  drawBar();
}

const spans = () => Array.from(text.querySelectorAll("span"));

function underline() {
  const marked = new Set((extra.copied || []).flatMap(([start, n]) => Array.from({ length: n }, (_, i) => start + i)));
  spans().forEach((span, i) => span.classList.toggle("pg-say-copied", marked.has(i)));
  element.querySelector(".pg-say-copied-key").hidden = !marked.size;
}

function drawBar() {
  part("bar").hidden = !shown.length;
  const leaves = tree ? tree.leaves() : [];
  part("branches").hidden = leaves.length < 2;
  part("branches").querySelector("span").textContent = `branch ${leaves.indexOf(tree?.current) + 1} of ${leaves.length}`;
}

function open(i) {
  clearTimeout(closing);
  const node = shown[i], span = spans()[i];
  if (!node || !span) return;
  at = i;
  spans().forEach((one, j) => one.classList.toggle("pg-say-at", i === j));
  pop.replaceChildren();
  make("p", `${percent(node.own)} by the model itself, ${percent(node.p)} after the sliders. Go on from another:`, pop);
  const others = new Map(node.likeliest.map((one) => [one[0], one]));
  for (const one of node.parent.children) if (!others.has(one.id)) others.set(one.id, [one.id, one.text, one.p, one.own]);
  for (const other of [...others.values()].sort((a, b) => b[3] - a[3])) {
    const button = make("button", "", pop);
    make("bdi", visible(other[1]) || "end of text", button);
    const known = node.parent.children.some((one) => one.id === other[0]);
    const share = by.value === "p" && !other[2] ? "removed" : percent(other[by.value === "p" ? 2 : 3]);
    make("span", `${known && other[0] !== node.id ? "written · " : ""}${share}`, button);
    button.type = "button";
    button.setAttribute("aria-current", String(other[0] === node.id));
    button.onclick = () => choose(node, other);
  }
  place(span);
}

function place(span) {
  pop.hidden = false;
  const box = span.getClientRects()[0] ?? span.getBoundingClientRect(), frame = element.getBoundingClientRect();
  pop.style.left = `${Math.max(0, Math.min(box.left - frame.left, frame.width - 212))}px`;
  pop.style.top = `${box.bottom - frame.top + 2}px`;
}

function close() {
  pop.hidden = true;
  spans()[at]?.classList.remove("pg-say-at");
  at = -1;
}

function choose(node, other) {
  close();
  if (other[0] === node.id) return;
  const known = tree.leave(node, other);
  extra = {};
  draw();
  underline();
  if (!known) document.getElementById("say-branch")?.click();
}

function walk(by) {
  tree.walk(by);
  extra = {};
  draw();
  underline();
}

function asText() {
  return (tree?.prompt ?? "") + shown.map((node) => node.text).join("");
}

function asJson() {
  const name = ([token, label, probability, own]) => ({ token, text: label, probability, model_probability: own });
  const tokens = shown.map((n) => ({ ...name([n.id, n.text, n.p, n.own]), likeliest: (n.likeliest || []).map(name) }));
  return JSON.stringify({ model: tree.title, prompt: tree.prompt, settings: written?.settings, tokens }, null, 1);
}

async function copy(kind, button) {
  const content = kind === "text" ? asText() : kind === "json" ? asJson() : written?.[kind] || "";
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(content);
    button.textContent = "copied";
  } catch {
    button.textContent = "not allowed here";
  }
  element.__copied = content;
  setTimeout(() => (button.textContent = said), 1200);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const does = button.dataset.do;
  if (does === "previous" || does === "next") walk(does === "next" ? 1 : -1);
  else copy(does, button);
});
by.addEventListener("change", () => {
  spans().forEach((span, i) => (span.dataset.p = bucket(shown[i][by.value])));
  const url = new URL(location.href);
  if (url.searchParams.get("tab") !== "sample") return;
  url.searchParams.set("colour", by.value);
  history.replaceState(history.state, "", url);
});
if (new URL(location.href).searchParams.get("colour") === "p") by.value = "p";
text.addEventListener("mouseover", ({ target }) => target.dataset?.at && open(Number(target.dataset.at)));
text.addEventListener("click", ({ target }) => target.dataset?.at && open(Number(target.dataset.at)));
for (const area of [text, pop]) {
  area.addEventListener("mouseleave", () => (closing = setTimeout(close, CLOSE_MS)));
  area.addEventListener("mouseenter", () => clearTimeout(closing));
}
text.addEventListener("keydown", (event) => {
  const moves = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (moves) open(Math.max(0, Math.min(shown.length - 1, at + moves)));
  else if (event.key === "ArrowDown" && at >= 0) pop.querySelector("button")?.focus();
  else return;
  event.preventDefault();
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close(), text.focus();
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (step && pop.contains(document.activeElement)) {
    document.activeElement[step]?.focus?.();
    event.preventDefault();
  }
});

/** What a press of a button asks of the server: the prompt and the tokens to go on from. */
element.__ask = (mode) => {
  const goesOn = mode === "continue" || mode === "branch";
  const kept = goesOn && tree ? tree.ids() : [];
  return JSON.stringify({ mode, kept, prompt: goesOn && tree ? tree.prompt : null });
};

/** Read what the server sends (written_text.py). */
function unpacked({ about, tokens }) {
  return { ...JSON.parse(about), tokens: tokens ? tokens.split("\n").map((line) => JSON.parse(line)) : [] };
}

function take(packed) {
  if (!packed?.about) return;
  const value = (written = unpacked(packed));
  if (!tree || tree.prompt !== value.prompt || tree.title !== value.title) {
    tree = new Branches(value.prompt, value.title);
    shown = [];
    text.replaceChildren();
  }
  tree.take(value);
  extra = value;
  draw();
  underline();
}

watch("value", () => take(props.value));
take(props.value);
