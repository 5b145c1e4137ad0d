// The rows of the list: each is made once and then only told what has changed.

const CURVE_WIDTH = 96, CURVE_HEIGHT = 30;

function age(created) {
  const past = Date.now() / 1000 - created;
  if (!created) return "";
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (past >= size) return `${Math.floor(past / size)} ${unit}`;
  }
  return "now";
}

/** A small curve: the loss from its highest to its lowest, over the steps that are planned. */
function curvePath(points, total) {
  if (points.length < 2) return "";
  const losses = points.map(([, loss]) => loss), low = Math.min(...losses), high = Math.max(...losses);
  const last = Math.max(total, points[points.length - 1][0], 1);
  const x = (step) => 1 + ((CURVE_WIDTH - 2) * step) / last;
  const y = (loss) => 2 + (CURVE_HEIGHT - 4) * (1 - (loss - low) / (high - low || 1));
  return points.map(([step, loss], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
}

function stateWords(row) {
  if (row.state === "queued") return row.place ? `Place ${row.place}` : "Starting";
  if (row.state === "running" && row.total) return `${Math.floor((100 * row.step) / row.total)} %`;
  return STATE_WORDS[row.state] ?? row.state;
}

function stepWords(row) {
  return row.total ? `${grouped(row.step)} of ${grouped(row.total)}` : `step ${grouped(row.step)}`;
}

class Row {
  constructor(name, choose, pin, open) {
    const item = (this.item = document.createElement("li"));
    item.dataset.run = name;
    const line = node(item, "div", "pg-book-row");
    const marks = node(line, "span", "pg-book-marks");
    this.box = node(marks, "input");
    Object.assign(this.box, { type: "checkbox" });
    this.box.addEventListener("change", () => choose(name, this.box.checked));
    this.star = node(marks, "button", "pg-book-star", "☆");
    this.star.type = "button";
    this.star.addEventListener("click", () => pin(name, !this.row.pinned));
    this.svg = line.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
    this.svg.setAttribute("viewBox", `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`);
    this.svg.setAttribute("aria-hidden", "true");
    this.path = this.svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    const words = node(line, "span", "pg-book-name");
    this.title = node(words, "b");
    this.what = node(words, "small");
    this.note = node(words, "small", "pg-book-note");
    this.cells = Object.fromEntries(["state", "best", "bpb", "size", "speed", "age"].map((key) => [key, node(line, "span", `pg-book-${key}`)]));
    this.chip = node(this.cells.state, "span", "pg-book-chip");
    this.steps = node(this.cells.state, "small");
    this.more = node(line, "button", "pg-book-more", "⋯");
    this.more.type = "button";
    this.more.setAttribute("aria-expanded", "false");
    this.more.addEventListener("click", () => open(name));
    words.addEventListener("click", () => open(name));
  }

  show(row) {
    this.row = row;
    setText(this.title, row.title);
    this.what.title = row.what;
    setText(this.what, row.group && !row.title.startsWith(row.group) ? `${row.group} · ${row.what}` : row.what);
    setText(this.note, row.note.split("\n")[0]);
    setText(this.chip, stateWords(row));
    this.chip.dataset.state = row.state;
    this.chip.title = row.reason;
    setText(this.steps, stepWords(row));
    const best = row.best == null ? "–" : row.best.toFixed(3);
    setText(this.cells.best, best);
    this.cells.best.title = row.gap == null ? "" : `${Math.abs(row.gap).toFixed(2)} nats ${row.gap < 0 ? "under" : "above"} the best n-gram`;
    this.cells.best.classList.toggle("pg-book-under", row.gap != null && row.gap < 0);
    setText(this.cells.bpb, row.bpb == null ? "–" : row.bpb.toFixed(3));
    setText(this.cells.size, row.parameters == null ? "–" : compact(row.parameters));
    setText(this.cells.speed, row.speed ? compact(row.speed) : "–");
    this.path.setAttribute("d", curvePath(row.curve, row.total));
    setText(this.star, row.pinned ? "★" : "☆");
    this.star.disabled = !row.own;
    this.star.setAttribute("aria-pressed", row.pinned);
    this.star.setAttribute("aria-label", `Pin ${row.title}`);
    this.box.setAttribute("aria-label", `Select ${row.title}`);
    this.more.setAttribute("aria-label", `More about ${row.title}`);
    this.grow();
  }

  /** What changes with time alone. */
  grow() {
    setText(this.cells.age, age(this.row.created));
  }

  matches(words) {
    const { name, title, note, group, what, state } = this.row;
    const text = `${name} ${title} ${note} ${group} ${what} ${STATE_WORDS[state] ?? state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }
}
