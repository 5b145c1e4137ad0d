// The small charts: one for each entry of the table that Python hands over, as long as a run has its numbers.

const EARLIER = 4;

const SMALL_UNITS = {
  number: compact,
  nats: (value) => value.toFixed(2),
  percent: (value) => `${trimmed(100 * value)} %`,
  rate: (value) => (value === 0 ? "0" : value.toExponential(1).replace("e+", "e")),
  bytes: (value) => (value >= 1e9 ? `${trimmed(value / 1e9)} GB` : `${Math.round(value / 1e6)} MB`),
};

/** The curves of one small chart: a colour for each run, or for each line where there is but one run. */
function smallCurves(chart, runs, view) {
  if (chart.across === "positions") return profiles(chart, runs[0]);
  if (!chart.compares) runs = runs.slice(0, 1);
  return [...runs.keys()].reverse().flatMap((index) => {
    const run = runs[index];
    if (view.hide.includes(`run:${run.name}`)) return [];
    return chart.lines.flatMap((line, at) => {
      const columns = run[line.each === "step" ? "small" : "val"];
      if (!columns[line.key]) return [];
      const data = drawable(X_AXES[view.x].of(columns, run.facts), columns[line.key], view.log.replace("y", ""));
      if (!data[0].length) return [];
      const own = chart.lines.length > 1 && runs.length === 1 ? at : index;
      return [{ data, run, label: line.label, colour: colourOf(own), dash: runs.length > 1 && at ? [4, 3] : [] }];
    });
  });
}

/** The newest evaluation across the positions of the context, over a few earlier ones that grow fainter. */
function profiles(chart, run) {
  const { val, facts } = run, edges = facts.positions ?? [];
  const known = [...val.step.keys()].filter((i) => val[chart.lines[0].key]?.[i] != null);
  const at = Array.from({ length: EARLIER + 1 }, (_, i) => known[Math.round((i / EARLIER) * (known.length - 1))]);
  return [...new Set(at.filter((i) => i !== undefined))].map((i, n, all) => {
    const xs = chart.lines.map((_, k) => Math.sqrt((edges[k] + 1) * edges[k + 1]));
    const data = drawable(xs, chart.lines.map((line) => val[line.key]?.[i] ?? null), "x");
    const faint = n === all.length - 1 ? "" : ["30", "48", "60", "80"][n + EARLIER + 1 - all.length];
    return { data, run, label: "", colour: `${colourOf(0)}${faint}`, dash: [], step: val.step[i] };
  });
}

class SmallChart {
  constructor(box, chart) {
    this.chart = chart;
    this.figure = node(box, "figure");
    const caption = node(this.figure, "figcaption");
    node(caption, "b", "", chart.title);
    this.now = node(caption, "span");
    this.root = node(this.figure, "div", "pg-mon-small-plot");
    this.root.setAttribute("role", "img");
    this.isProfile = chart.across === "positions";
    this.plot = null;
    this.built = "";
  }

  draw(runs, view, look, range) {
    const curves = smallCurves(this.chart, runs, view);
    this.figure.hidden = curves.length === 0;
    if (!curves.length || !this.root.clientWidth) return;
    this.curves = curves;
    const positions = curves[0].run.facts.positions ?? [];
    this.x = this.isProfile ? [0.9, 1.1 * positions[positions.length - 1]] : range;
    this.y = padded(extent(curves.flatMap((curve) => extent(curve.data[1]))), false, 0.08);
    this.say(curves, runs);
    const data = [null, ...curves.map((curve) => curve.data)], width = this.root.clientWidth;
    const key = [look.key, view.x, view.log, width, ...curves.map((c) => `${c.run.name}${c.label}${c.colour}`)].join("|");
    if (key === this.built) {
      this.plot.batch(() => {
        this.plot.setData(data, false);
        this.plot.setScale("x", { min: this.x[0], max: this.x[1] });
        this.plot.setScale("y", { min: this.y[0], max: this.y[1] });
      });
    } else {
      this.close();
      this.plot = new uPlot(this.options(view, look, width), data, this.root);
      this.built = key;
    }
  }

  /** The newest value of each line, of the run shown, in the caption. */
  say(curves, runs) {
    if (this.isProfile) return this.sayProfile(curves[curves.length - 1]);
    const words = curves.filter((curve) => curve.run === runs[0]).map((curve) => {
      const value = SMALL_UNITS[this.chart.unit](curve.data[1][curve.data[1].length - 1]);
      return { colour: curve.colour, text: curve.label ? `${curve.label} ${value}` : value, label: curve.label };
    });
    this.now.replaceChildren();
    for (const { colour, text, label } of words) {
      const entry = node(this.now, "span");
      if (label) node(entry, "i", "pg-mon-swatch").style.background = colour;
      entry.append(`${text} `);
    }
    this.root.setAttribute("aria-label", `${this.chart.title}: now ${words.map((word) => word.text).join(", ")}`);
  }

  sayProfile({ data: [, losses], step }) {
    const words = SMALL_UNITS[this.chart.unit];
    const text = `step ${grouped(step)}: ${words(losses[0])} at the first, ${words(losses[losses.length - 1])} at the last`;
    setText(this.now, text);
    this.root.setAttribute("aria-label", `${this.chart.title}: ${text}`);
  }

  options(view, look, width) {
    const words = SMALL_UNITS[this.chart.unit];
    const axis = (extra) => ({
      stroke: look.muted, font: `10px ${look.font}`, grid: { stroke: look.grid, width: 1 }, ticks: { show: false }, ...extra,
    });
    const scale = (name) => ({ time: false, auto: false, distr: name === "x" && (this.isProfile || view.log.includes("x")) ? 3 : 1, range: () => this[name] });
    return {
      mode: 2, width, height: this.root.clientHeight, padding: [6, 14, 0, 0], legend: { show: false }, cursor: { show: false },
      select: { show: false }, scales: { x: scale("x"), y: scale("y") },
      series: [null, ...this.curves.map((curve) => ({
        facets: [{ scale: "x", auto: false }, { scale: "y", auto: false }], auto: false, stroke: curve.colour,
        width: 1.5, dash: curve.dash, paths: uPlot.paths.linear(), pxAlign: 0, points: { show: false },
      }))],
      axes: [
        axis({ size: 18, gap: 2, space: 70, ...(this.isProfile ? { grid: { show: false } } : {}), values: (_, ticks) => ticks.map(tickWords) }),
        axis({ size: 52, gap: 3, space: 24, values: (_, ticks) => ticks.map((tick) => (tick == null ? "" : words(tick))) }),
      ],
    };
  }

  close() {
    this.plot?.destroy();
    this.plot = null;
  }
}
