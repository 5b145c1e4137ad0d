// The loss chart: uPlot draws axes and curves, furniture.js the rest. The view is the caller's, and lasts.

/** Evaluations up to which each has a dot: of more, dots are but a thicker line, and slow to draw. */
const MOST_DOTS = 150;

/** What is drawn where all curves are hidden: uPlot wants one series at least. */
const NO_CURVE = { run: null, kind: "none", data: [[], []], colour: "transparent", width: 0, alpha: 1, dash: [] };

/** The x and y values of points that can be drawn on these axes. */
function drawable(xs, ys, log) {
  const x = [], y = [];
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] == null || ys[i] == null || !Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) continue;
    if ((log.includes("x") && xs[i] <= 0) || (log.includes("y") && ys[i] <= 0)) continue;
    x.push(xs[i]);
    y.push(ys[i]);
  }
  return [x, y];
}

/** A stroke from the lowest to the highest loss of each bucket. */
function strokes(train, xs) {
  const x = [], y = [];
  for (let i = 0; i < train.n.length; i++) {
    x.push(xs[i]);
    y.push(train.low[i]);
    if (train.high[i] !== train.low[i]) {
      x.push(xs[i]);
      y.push(train.high[i]);
    }
  }
  return [x, y];
}

/** The curves of one run: each with its points, its look, and whether it counts for the range of y. */
function curvesOf(run, index, runs, view, look) {
  if (view.hide.includes(`run:${run.name}`)) return [];
  const { of } = LOSS_UNITS[view.unit], many = runs.length > 1;
  const units = (losses) => losses.map((loss) => (loss == null ? null : of(loss, run.facts)));
  const trainX = X_AXES[view.x].of(run.train, run.facts), valX = X_AXES[view.x].of(run.val, run.facts);
  const colour = many ? colourOf(index) : look.inSample;
  const again = index >= RUN_COLOURS.light.length ? [2, 2] : [];
  const curves = [];
  const add = (kind, xs, ys, style) => curves.push({ run, kind, data: drawable(xs, ys, view.log), ...style });
  if (!view.hide.includes("train")) {
    const [rawX, rawY] = strokes(run.train, trainX);
    if (!view.hide.includes("raw")) {
      add("raw", rawX, units(rawY), { colour, width: look.thin, alpha: many ? 0.16 : 0.28, dash: [] });
    }
    add("train", trainX, units(smoothed(run.train, view.smooth)), { colour, width: look.line, alpha: 1, dash: again, ranged: true });
  }
  if (!view.hide.includes("val")) {
    const dots = run.val.step.length > MOST_DOTS ? 0 : look.dot;
    const style = { width: look.line, alpha: 1, dots, ranged: true };
    add("val", valX, units(run.val.val_loss), { ...style, colour: many ? colour : look.heldOut, dash: many ? [7, 4] : [] });
  }
  return curves;
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function padded([low, high], log, share) {
  if (log) {
    const factor = Math.max((high / low) ** share, 1.02);
    return [low / factor, high * factor];
  }
  const pad = (high - low || Math.abs(high) || 1) * share;
  return [low - pad, high + pad];
}

/** Where a run will end on the axis, if that is known; seconds to come are a guess and left out. */
function endOf(run, axis) {
  const { total_steps: total } = run.status ?? {};
  const last = run.train.step.length - 1;
  if (!run.active || !total || axis === "seconds") return NaN;
  if (axis === "step") return total;
  return last < 0 ? NaN : (X_AXES[axis].of(run.train, run.facts)[last] * total) / run.train.step[last];
}

/** The range that shows everything: all curves, and the lines from the floor to uniform. */
function fullRanges(curves, lines, runs, view) {
  const used = curves.filter((curve) => curve.data[0].length);
  const xEdges = used.flatMap((curve) => [curve.data[0][0], curve.data[0][curve.data[0].length - 1]]);
  const ends = runs.map((run) => endOf(run, view.x)).filter(Number.isFinite);
  let [x0, x1] = extent([...xEdges, ...ends]);
  if (!(x1 > x0)) [x0, x1] = view.log.includes("x") ? [1, Math.max(x1, 10)] : [0, x1 > 0 ? x1 : 10];
  if (!view.log.includes("x")) x0 = Math.min(x0, 0);
  const levels = lines.map((line) => line.level).filter((level) => !view.log.includes("y") || level > 0);
  const y = extent([...used.filter((curve) => curve.ranged).flatMap((curve) => extent(curve.data[1])), ...levels]);
  const fine = Number.isFinite(y[0]) && Number.isFinite(y[1]);
  return { x: [x0, x1], y: padded(fine ? y : [1, 10], view.log.includes("y"), 0.04) };
}

class LossChart {
  constructor(root) {
    this.root = root;
    this.plot = null;
    this.built = "";
    this.ranges = { x: [0, 1], y: [0, 1] };
    this.marks = [];
    this.events = [];
    this.drawMs = 0;
  }

  /** Draw runs as the view says; what was drawn before is only replaced where its structure changed. */
  draw(runs, view, stage) {
    const began = performance.now();
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width || !height) return;
    const look = lookOf(stage, width);
    // The run shown is drawn last, on top of the others.
    const curves = [...runs.keys()].reverse().flatMap((i) => curvesOf(runs[i], i, runs, view, look));
    if (!curves.length) curves.push(NO_CURVE);
    const lines = linesOf(runs, view);
    const full = fullRanges(curves, lines, runs, view);
    this.ranges = { x: view.zoom?.x ?? full.x, y: view.zoom?.y ?? full.y };
    Object.assign(this, { runs, view, look, curves, lines, full });
    const key = [look.key, view.unit, view.x, view.log, ...curves.map((c) => `${c.kind}${c.run?.name}${c.colour}${c.dash}${c.dots > 0}`)].join("|");
    if (key === this.built) this.update(width, height);
    else this.build(key, width, height);
    this.drawMs = performance.now() - began;
  }

  data() {
    return [null, ...this.curves.map((curve) => curve.data)];
  }

  update(width, height) {
    if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
    this.plot.batch(() => {
      this.plot.setData(this.data(), false);
      this.rescale();
    });
  }

  rescale() {
    for (const [key, [min, max]] of Object.entries(this.ranges)) this.plot.setScale(key, { min, max });
  }

  /** Move to other ranges without looking at the data again: for dragging. */
  show(ranges) {
    this.ranges = ranges;
    this.plot?.batch(() => this.rescale());
  }

  build(key, width, height) {
    this.plot?.destroy();
    this.plot = new uPlot(this.options(width, height), this.data(), this.root);
    this.built = key;
  }

  options(width, height) {
    const { look, view } = this;
    const scale = (name) => ({
      time: false, auto: false, distr: view.log.includes(name) ? 3 : 1, range: () => this.ranges[name],
    });
    const axis = (label, extra) => ({
      stroke: look.muted, font: `${look.size}px ${look.font}`, labelFont: `${look.size}px ${look.font}`,
      grid: { stroke: look.grid, width: 1 }, ticks: { show: false }, label: look.narrow ? undefined : label,
      labelSize: look.size + 6, labelGap: 0, ...extra,
    });
    return {
      mode: 2, width, height, padding: [10, look.margin, 0, 0],
      legend: { show: false }, cursor: { show: false }, select: { show: false },
      scales: { x: scale("x"), y: scale("y") },
      series: [null, ...this.curves.map((curve) => this.series(curve))],
      axes: [
        axis(X_AXES[view.x].axis, { size: look.size * 2, gap: 4, space: look.stage ? 110 : 70, values: (_, ticks) => ticks.map(tickWords) }),
        axis(LOSS_UNITS[view.unit].axis, { size: look.size * 3.4, space: look.stage ? 50 : 34, values: (_, ticks) => ticks.map(tickWords) }),
      ],
      hooks: { drawAxes: [() => this.under()], draw: [() => this.over()] },
    };
  }

  series(curve) {
    return {
      facets: [{ scale: "x", auto: false }, { scale: "y", auto: false }],
      auto: false, stroke: curve.colour, width: curve.width, alpha: curve.alpha, dash: curve.dash,
      paths: uPlot.paths.linear(), pxAlign: 0,
      points: {
        show: Boolean(curve.dots), size: curve.dots || 0, width: 0, fill: curve.colour, stroke: curve.colour,
        filter: (plot, i) => (curve.dots ? [...plot.data[i][0].keys()] : null),
      },
    };
  }

  /** The plot in CSS pixels, and where values stand in it. */
  frame() {
    const { plot } = this, ratio = plot.ctx.canvas.width / plot.width;
    const [left, top, width, height] = ["left", "top", "width", "height"].map((key) => plot.bbox[key] / ratio);
    return {
      left, top, width, height, ratio,
      x: (value) => left + plot.valToPos(value, "x"), y: (value) => top + plot.valToPos(value, "y"),
    };
  }

  shapesUnder() {
    const many = this.runs.length > 1, frame = this.frame();
    this.events = eventShapes(this.runs[0], this.view, frame, this.look);
    return [...baselineShapes(this.lines, frame, this.look, many), ...this.events];
  }

  shapesOver() {
    const frame = this.frame(), { runs, view, look } = this;
    this.marks = crossingShapes(runs, view, frame, look);
    return [...this.marks, ...pinShapes(runs[0], view, frame, look), ...labelShapes(this.lines, frame, look, runs.length > 1)];
  }

  under() {
    this.paint(this.shapesUnder());
  }

  over() {
    this.paint(this.shapesOver());
  }

  paint(shapes) {
    const { ctx } = this.plot;
    ctx.save();
    ctx.scale(this.plot.ctx.canvas.width / this.plot.width, this.plot.ctx.canvas.height / this.plot.height);
    paint(ctx, shapes, this.look.font);
    ctx.restore();
  }

  close() {
    this.plot?.destroy();
    this.plot = null;
  }
}

function tickWords(value) {
  return value == null ? "" : compact(value);
}
