// Attention: all heads as small pictures, the chosen one large, and on the text what one token attends to.

const INK = { light: [67, 56, 202], dark: [165, 180, 252] };
const N_NAMED = 6, BEGIN_AT = 15;

class Patterns {
  constructor(answer) {
    Object.assign(this, answer);
    [this.tokens] = answer.places.map(unpackNumbers);
    this.n = this.tokens.length;
    this.size = (this.n * (this.n + 1)) / 2;
    this.values = unpackNumbers({ width: 2, packed: answer.patterns });
  }

  label(i) {
    return this.labels[this.tokens[i]];
  }

  /** How much of query i's attention goes to token j. */
  at(head, i, j) {
    return j > i ? 0 : this.values[head * this.size + (i * (i + 1)) / 2 + j] / 65535;
  }

  paint(canvas, head) {
    const ink = INK[document.body.classList.contains("dark") ? "dark" : "light"];
    canvas.width = canvas.height = this.n;
    const context = canvas.getContext("2d"), picture = context.createImageData(this.n, this.n);
    for (let i = 0; i < this.n; i++) {
      for (let j = 0; j <= i; j++) picture.data.set([...ink, Math.round(255 * Math.sqrt(this.at(head, i, j)))], 4 * (i * this.n + j));
    }
    context.putImageData(picture, 0, 0);
  }
}

class AttentionView {
  constructor(part) {
    Object.assign(this, { part, head: 0 });
    this.line = new TokenLine(part("looks"), () => this.look());
    part("heads").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.choose(Number(button.dataset.head));
    });
    part("square").addEventListener("pointermove", (event) => this.point(event));
    part("square").addEventListener("click", (event) => this.point(event));
  }

  show(answer) {
    this.patterns = null;
    this.part("attention").hidden = Boolean(answer.error);
    this.part("attention-note").textContent = answer.error ?? `Rows are tokens that look back, columns what they may look at; colour is the square root of the share. ${answer.notes}`;
    if (answer.error) return;
    this.patterns = new Patterns(answer);
    const { n_layers: layers, n_heads: heads } = answer;
    if (this.head >= layers * heads) this.head = 0;
    this.part("heads").style.setProperty("--heads", heads);
    this.part("heads").innerHTML = Array.from({ length: layers * heads }, (_, k) => {
      const name = answer.heads[k]?.name ?? "";
      return `<button type="button" data-head="${k}" aria-pressed="false" aria-label="Layer ${Math.floor(k / heads) + 1}, head ${(k % heads) + 1}${name ? `: ${name}` : ""}"><canvas width="1" height="1"></canvas><small>${Math.floor(k / heads) + 1}.${(k % heads) + 1} ${escaped(name)}</small></button>`;
    }).join("");
    this.part("heads").querySelectorAll("canvas").forEach((canvas, k) => this.patterns.paint(canvas, k));
    this.line.show(Array.from(this.patterns.tokens, (_, i) => this.patterns.label(i)), this.line.cells.length ? undefined : Math.min(this.patterns.n - 1, BEGIN_AT));
    this.choose(this.head);
  }

  choose(head) {
    this.head = head;
    for (const button of this.part("heads").children) button.setAttribute("aria-pressed", String(Number(button.dataset.head) === head));
    this.patterns.paint(this.part("square"), head);
    const score = this.patterns.heads[head], heads = this.patterns.n_heads;
    const shares = ({ previous, first, induction }) => `${percent(previous)} of its attention on the token before, ${percent(first)} on the first, ${percent(induction)} on what followed an earlier copy`;
    const random = score.random ? ` On random tokens read twice: ${percent(score.random.previous)}, ${percent(score.random.first)}, ${percent(score.random.induction)}.` : "";
    const found = score.name ? `<b>${escaped(score.name)} head</b>` : "no clear role";
    this.part("head-title").innerHTML = `Layer ${Math.floor(head / heads) + 1}, head ${(head % heads) + 1}, ${found}<small>Here ${shares(score.here)}.${random}</small>`;
    this.look();
  }

  point(event) {
    const box = this.part("square").getBoundingClientRect(), { n } = this.patterns;
    const row = Math.min(n - 1, Math.max(0, Math.floor((n * (event.clientY - box.top)) / box.height)));
    if (row !== this.line.held) { this.line.pinned = row; this.line.hold(row); this.line.cells[row].scrollIntoView({ block: "nearest" }); }
  }

  /** Colour what the held token attends to, and name where most of it goes. */
  look() {
    const { patterns, head } = this, i = this.line.held;
    if (!patterns || i >= patterns.n) return;
    const row = Array.from({ length: patterns.n }, (_, j) => patterns.at(head, i, j));
    this.line.colour(row.map((share, j) => (j > i ? null : Math.sqrt(share))));
    this.part("cross").style.top = `${(100 * i) / patterns.n}%`;
    this.part("cross").style.height = `${100 / patterns.n}%`;
    const best = row.slice(0, i + 1).map((share, j) => [share, j]).sort((a, b) => b[0] - a[0]).slice(0, N_NAMED);
    const named = best.map(([share, j]) => `<code>${escaped(patterns.label(j))}</code> (${j === i ? "itself" : `${i - j} back`}) ${percent(share)}`);
    this.part("looks-named").innerHTML = `<code>${escaped(patterns.label(i))}</code>, token ${i + 1}, attends to ${named.join(", ")}`;
  }
}
