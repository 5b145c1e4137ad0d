// The logit lens: a row for each layer, a column for each token read; what would be predicted if the model ended there.

class LensView {
  constructor(part) {
    this.part = part;
    for (const kind of ["pointerover", "click", "focusin"]) part("lens").addEventListener(kind, (event) => this.point(event));
    part("lens").addEventListener("keydown", (event) => this.key(event));
  }

  show(answer) {
    this.lens = null;
    this.part("lens").hidden = Boolean(answer.error);
    this.part("lens-named").textContent = "";
    this.part("lens-note").textContent = answer.error ?? `The next token if the model ended after a layer; a stronger colour is more certain, underlined is right. ${answer.notes}`;
    if (answer.error) return;
    const [tokens, top] = answer.places.map(unpackNumbers);
    const [probability, right, entropy] = [answer.probability, answer.right, answer.entropy].map(unpackFloats);
    this.lens = { ...answer, tokens, top, probability, right, entropy, n: tokens.length };
    this.held = this.held && this.held[0] < answer.n_stages && this.held[1] < tokens.length ? this.held : [answer.n_stages - 1, 0];
    this.draw();
  }

  draw() {
    const { lens } = this, { n } = lens;
    const head = Array.from(lens.tokens, (token) => `<th scope="col"><code>${escaped(lens.labels[token])}</code></th>`).join("");
    const mean = (values, s, of) => values.slice(s * of, (s + 1) * of).reduce((sum, x) => sum + x, 0) / of;
    const rows = Array.from({ length: lens.n_stages }, (_, s) => {
      const cells = Array.from({ length: n }, (_, i) => {
        const place = lens.top[s * n + i], isRight = i + 1 < n && place === lens.tokens[i + 1];
        return `<td tabindex="-1" data-s="${s}" data-i="${i}" class="${isRight ? "pg-right" : ""}" style="--a:${lens.probability[s * n + i].toFixed(3)}"><code>${escaped(lens.labels[place])}</code></td>`;
      }).join("");
      const unsure = mean(lens.entropy, s, n);
      const right = n > 1 ? percent(mean(lens.right, s, n - 1)) : "–";
      return `<tr><th scope="row">${this.stage(s)}</th><td class="pg-level"><i style="width:${(100 * unsure) / lens.uniform}%"></i></td><td class="pg-fixed">${unsure.toFixed(2)}</td><td class="pg-fixed">${right}</td>${cells}</tr>`;
    });
    this.part("lens").innerHTML = `<table class="pg-ins-table"><thead><tr><th scope="col">after</th><th scope="col" colspan="2">mean entropy, nats</th><th scope="col">p of the right</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
    this.hold(...this.held);
  }

  stage(s) {
    return s === 0 ? "embedding" : s === this.lens.n_stages - 1 ? `layer ${s}: the model` : `layer ${s}`;
  }

  point(event) {
    const cell = event.target.closest?.("td[data-s]");
    if (cell) this.hold(Number(cell.dataset.s), Number(cell.dataset.i));
  }

  key(event) {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move || !this.lens) return;
    event.preventDefault();
    const clamp = (x, most) => Math.min(Math.max(x, 0), most);
    this.hold(clamp(this.held[0] + move[0], this.lens.n_stages - 1), clamp(this.held[1] + move[1], this.lens.n - 1));
    this.cell()?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  cell() {
    return this.part("lens").querySelector(`td[data-s="${this.held[0]}"][data-i="${this.held[1]}"]`);
  }

  hold(s, i) {
    this.cell()?.classList.remove("pg-held");
    this.held = [s, i];
    this.cell()?.classList.add("pg-held");
    const { lens } = this, at = s * lens.n + i;
    const right = i + 1 < lens.n ? `; the right one, <code>${escaped(lens.labels[lens.tokens[i + 1]])}</code>, has ${percent(lens.right[s * (lens.n - 1) + i])}` : "";
    this.part("lens-named").innerHTML = `${this.stage(s)}, having read <code>${escaped(lens.labels[lens.tokens[i]])}</code>: <code>${escaped(lens.labels[lens.top[at]])}</code> with ${percent(lens.probability[at])}${right}; entropy ${lens.entropy[at].toFixed(3)} nats`;
  }
}
