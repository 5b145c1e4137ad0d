// How common the tokens are, by rank: both axes logarithmic, a law of Zipf would be a line of slope -1.

const ZIPF = { width: 520, height: 300, left: 52, right: 10, top: 24, bottom: 36 };

class ZipfPlot {
  constructor(box, named) {
    this.box = box;
    this.named = named;
    this.points = [];
    box.addEventListener("pointermove", (event) => this.point(event));
  }

  /** curves: by pane, {title, zipf: [[rank, count, id, label], ...]}. */
  show(curves) {
    const all = Object.values(curves).flatMap((curve) => curve.zipf);
    this.named.textContent = all.length ? "Point at the plot to read a token." : "";
    if (!all.length) return this.box.replaceChildren();
    this.decades = [Math.max(...all.map((p) => p[0])), Math.max(...all.map((p) => p[1]))].map((n) => Math.max(1, Math.log10(n)));
    this.points = Object.entries(curves).flatMap(([pane, { title, zipf }]) =>
      zipf.map((p) => ({ pane, title, rank: p[0], count: p[1], id: p[2], label: p[3], ...this.place(p[0], p[1]) })));
    const marks = this.points.map(({ pane, x, y }) => pane === "a"
      ? `<circle class="pg-zipf-a" cx="${x}" cy="${y}" r="2.4"/>`
      : `<rect class="pg-zipf-b" x="${x - 2}" y="${y - 2}" width="4" height="4"/>`);
    this.box.innerHTML = `<svg viewBox="0 0 ${ZIPF.width} ${ZIPF.height}" role="img" aria-label="Count of each token by its rank">
      ${this.axes()}${marks.join("")}${this.legend(curves)}<circle class="pg-ring" r="6" cx="-20" cy="-20"/></svg>`;
  }

  legend(curves) {
    return Object.entries(curves).map(([pane, { title }], n) => {
      const x = ZIPF.width - 170, y = ZIPF.top + 14 + 20 * n;
      const mark = pane === "a" ? `<circle class="pg-zipf-a" cx="${x}" cy="${y - 4}" r="4"/>`
        : `<rect class="pg-zipf-b" x="${x - 4}" y="${y - 8}" width="8" height="8"/>`;
      return `${mark}<text class="pg-zipf-legend" x="${x + 10}" y="${y}">${escaped(title)}</text>`;
    }).join("");
  }

  place(rank, count) {
    const width = ZIPF.width - ZIPF.left - ZIPF.right, height = ZIPF.height - ZIPF.top - ZIPF.bottom;
    const x = ZIPF.left + (width * Math.log10(rank)) / this.decades[0];
    return { x, y: ZIPF.top + height * (1 - Math.log10(Math.max(1, count)) / this.decades[1]) };
  }

  axes() {
    const ticks = (decades) => Array.from({ length: Math.floor(decades) + 1 }, (_, n) => 10 ** n);
    const bottom = ZIPF.height - ZIPF.bottom, top = 10 ** this.decades[1];
    const across = ticks(this.decades[0]).map((n) => `<text x="${this.place(n, 1).x}" y="${bottom + 16}" text-anchor="middle">${grouped(n)}</text>`);
    const up = ticks(this.decades[1]).map((n) => `<text x="${ZIPF.left - 6}" y="${this.place(1, n).y + 4}" text-anchor="end">${n >= 10000 ? `${grouped(n / 1000)}k` : grouped(n)}</text>`);
    const far = Math.min(10 ** this.decades[0], top), from = this.place(1, top), to = this.place(far, top / far);
    return `<path class="pg-axis" fill="none" d="M${ZIPF.left} ${ZIPF.top}V${bottom}H${ZIPF.width - ZIPF.right}"/>
      <line class="pg-slope" x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"/>${across.join("")}${up.join("")}
      <text x="${ZIPF.width - ZIPF.right}" y="${ZIPF.height - 4}" text-anchor="end">rank (dashed: slope −1)</text>
      <text x="${ZIPF.left - 6}" y="12" text-anchor="end">count</text>`;
  }

  point(event) {
    const svg = this.box.firstElementChild;
    if (!svg) return;
    const frame = svg.getBoundingClientRect(), scale = ZIPF.width / frame.width;
    const x = (event.clientX - frame.left) * scale, y = (event.clientY - frame.top) * scale;
    const distance = (p) => (p.x - x) ** 2 + (p.y - y) ** 2;
    const nearest = this.points.reduce((best, p) => (distance(p) < distance(best) ? p : best));
    const ring = svg.querySelector(".pg-ring");
    ring.setAttribute("cx", nearest.x);
    ring.setAttribute("cy", nearest.y);
    this.named.textContent = `${nearest.title}: rank ${grouped(nearest.rank)} is ${nearest.label} (id ${nearest.id}), ${grouped(nearest.count)} times`;
  }
}
