// The loss chart: one plotly figure that is only ever added to.

const TRACE = { raw: 0, smooth: 1, val: 2, marks: 3, frame: 4 };
const MAX_POINTS = 6000;
const LABEL_HEIGHT = 15;
const NARROW = 560;

function css(name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

function palette() {
  const dark = document.body.classList.contains("dark");
  return {
    in_sample: dark ? "#6cb6ff" : "#0064b4",
    held_out: dark ? "#ffb066" : "#b34700",
    floor: dark ? "#4cd3a5" : "#00795a",
    text: css("--body-text-color"),
    muted: css("--body-text-color-subdued"),
    grid: css("--border-color-primary"),
    surface: css("--background-fill-primary"),
  };
}

function colorOf(line, colors) {
  return line.name === "floor" ? colors.floor : line.name === "uniform" ? colors.muted : colors[line.kind];
}

function dashOf(line) {
  return line.name === "floor" ? "solid" : line.kind === "in_sample" ? "dot" : "dash";
}

function emptyTraces(colors) {
  const line = (name, extra) => ({ x: [], y: [], name, type: "scatter", hovertemplate: "%{y:.3f}", ...extra });
  return [
    line("training, each step", { mode: "lines", line: { width: 1, color: colors.in_sample }, opacity: 0.3 }),
    line("training, averaged", { mode: "lines", line: { width: 2, color: colors.in_sample } }),
    line("validation", {
      mode: "lines+markers", line: { width: 2, color: colors.held_out }, marker: { size: 5, color: colors.held_out },
    }),
    line("passes a line", {
      mode: "markers", text: [], hovertemplate: "%{text}<extra></extra>",
      marker: { symbol: "diamond", size: 10, color: [], line: { width: 1.5, color: colors.surface } },
    }),
    // Holds the view open from zero to the last step and from the floor to uniform.
    line("frame", { mode: "markers", marker: { size: 1, opacity: 0 }, hoverinfo: "skip", showlegend: false }),
  ];
}

function layoutOf(colors, lines, width) {
  const narrow = width < NARROW;
  const axis = { gridcolor: colors.grid, zeroline: false, linecolor: colors.grid, tickfont: { color: colors.muted } };
  return {
    uirevision: "keep",
    autosize: true,
    height: narrow ? 300 : 350,
    margin: { l: 44, r: narrow ? 10 : 150, t: 30, b: 38 },
    font: { family: css("--font"), size: 12, color: colors.text },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    hovermode: narrow ? "closest" : "x unified",
    hoverlabel: { bgcolor: colors.surface, bordercolor: colors.grid, font: { color: colors.text } },
    legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", font: { size: 12 } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colors.muted, activecolor: css("--color-accent") },
    xaxis: { ...axis, title: { text: "step", standoff: 6 } },
    yaxis: { ...axis, title: { text: "loss, nats per token", standoff: 6 } },
    shapes: lines.map((line) => ({
      type: "line", layer: "below", xref: "paper", x0: 0, x1: 1, y0: line.y, y1: line.y,
      line: { width: 1.5, dash: dashOf(line), color: colorOf(line, colors) },
    })),
    annotations: lines.map((line) => ({
      xref: "paper", x: 1, xanchor: narrow ? "right" : "left", yref: "y", y: line.y, yanchor: narrow ? "bottom" : "middle",
      text: `${line.label} ${line.y.toFixed(2)}`, showarrow: false, borderpad: narrow ? 1 : 3,
      bgcolor: narrow ? colors.surface : "rgba(0,0,0,0)",
      font: { size: 11, color: colorOf(line, colors) },
    })),
  };
}

/** Push labels apart that would lie on one another; those of lines out of view are hidden. */
function placeLabels(annotations, axis) {
  const [bottom, top] = axis.range;
  const shown = annotations.filter((label) => (label.visible = label.y >= bottom && label.y <= top));
  shown.sort((a, b) => axis.l2p(a.y) - axis.l2p(b.y));
  const place = shown.map((label) => axis.l2p(label.y));
  for (let i = 1; i < place.length; i++) place[i] = Math.max(place[i], place[i - 1] + LABEL_HEIGHT);
  const overflow = place.length ? place[place.length - 1] - (axis._length - 4) : 0;
  for (let i = place.length - 1, limit = axis._length - 4; overflow > 0 && i >= 0; i--) {
    place[i] = Math.min(place[i], limit);
    limit = place[i] - LABEL_HEIGHT;
  }
  shown.forEach((label, i) => (label.yshift = axis.l2p(label.y) - place[i]));
  return annotations;
}

/** One chart in one element; every method adds to it or restyles it, and zoom and hidden lines stay. */
class LossChart {
  constructor(root) {
    this.root = root;
    this.lines = [];
    this.totalSteps = 0;
    this.points = 0;
    const config = {
      displaylogo: false, responsive: false, displayModeBar: root.clientWidth < NARROW ? false : "hover",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    };
    Plotly.newPlot(root, emptyTraces(palette()), this.layout(), config);
    root.on("plotly_relayout", () => this.labels());
    root.on("plotly_doubleclick", () => setTimeout(() => this.labels(), 60));
  }

  layout() {
    return layoutOf(palette(), this.lines, this.root.clientWidth);
  }

  /** Begin another run, or the same one anew: all points at once, the view as the person left it. */
  open(answer, keepView) {
    const traces = emptyTraces(palette());
    const old = this.root.data;
    if (keepView) traces.forEach((trace, i) => (trace.visible = old[i]?.visible));
    Object.assign(traces[TRACE.raw], { x: answer.train.x, y: answer.train.y });
    Object.assign(traces[TRACE.smooth], { x: answer.train.x, y: answer.train.smooth });
    Object.assign(traces[TRACE.val], { x: answer.val.x, y: answer.val.y });
    this.points = answer.train.x.length;
    if (!keepView) this.view = (this.view || 0) + 1;
    Plotly.react(this.root, traces, { ...this.layout(), uirevision: `view ${this.view || 0}` });
  }

  extend(answer) {
    const { train, val } = answer;
    if (train.x.length) {
      Plotly.extendTraces(this.root, { x: [train.x, train.x], y: [train.y, train.smooth] }, [TRACE.raw, TRACE.smooth]);
      this.points += train.x.length;
    }
    if (val.x.length) Plotly.extendTraces(this.root, { x: [val.x], y: [val.y] }, [TRACE.val]);
  }

  get isFull() {
    return this.points > MAX_POINTS;
  }

  frame(totalSteps, lines) {
    if (totalSteps === this.totalSteps && !lines) return;
    this.totalSteps = totalSteps;
    if (lines) this.lines = lines;
    const levels = this.lines.map((line) => line.y);
    const y = levels.length ? [Math.min(...levels), Math.max(...levels)] : [];
    Plotly.restyle(this.root, { x: [[0, totalSteps || 1].slice(0, y.length)], y: [y] }, [TRACE.frame]);
    this.restyle();
  }

  marks(crossings) {
    const colors = palette();
    Plotly.restyle(this.root, {
      x: [crossings.map((mark) => mark.x)], y: [crossings.map((mark) => mark.y)],
      text: [crossings.map((mark) => mark.text)], "marker.color": [crossings.map((mark) => colors[mark.kind])],
    }, [TRACE.marks]);
  }

  /** Take on the colours of the theme and the lines as they are now. */
  restyle() {
    const { xaxis, yaxis, uirevision, height, ...rest } = this.layout();
    const axes = {};
    for (const [name, axis] of [["xaxis", xaxis], ["yaxis", yaxis]]) {
      for (const key of ["gridcolor", "linecolor", "tickfont"]) axes[`${name}.${key}`] = axis[key];
    }
    const colors = palette();
    const strokes = [colors.in_sample, colors.in_sample, colors.held_out];
    Plotly.restyle(this.root, { "line.color": strokes, "marker.color": strokes }, [TRACE.raw, TRACE.smooth, TRACE.val]);
    Plotly.relayout(this.root, { ...rest, ...axes }).then(() => this.labels());
  }

  labels() {
    if (this.placing || !this.lines.length || !this.root.offsetParent) return;
    this.placing = true;
    const annotations = placeLabels(this.layout().annotations, this.root._fullLayout.yaxis);
    Plotly.relayout(this.root, { annotations }).then(() => (this.placing = false));
  }

  resize() {
    Plotly.Plots.resize(this.root);
    this.restyle();
  }

  close() {
    Plotly.purge(this.root);
  }
}
