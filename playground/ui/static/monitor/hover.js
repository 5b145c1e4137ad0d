// Reading, zooming and moving the chart with mouse, finger and keys.

const CLICK_PIXELS = 6, ONE_WAY_PIXELS = 24, MARK_PIXELS = 12, KEY_SHARE = 0.02;

/** A range moved by a share of itself, on its own scale. */
function movedRange([low, high], share, log) {
  if (log) {
    const factor = (high / low) ** share;
    return [low * factor, high * factor];
  }
  return [low + (high - low) * share, high + (high - low) * share];
}

/** A range made smaller or larger by a factor around the point at a share of it. */
function scaledRange(range, at, factor, log) {
  const [low, high] = log ? range.map(Math.log) : range;
  const middle = low + (high - low) * at;
  const scaled = [middle + (low - middle) * factor, middle + (high - middle) * factor];
  return log ? scaled.map(Math.exp) : scaled;
}

/** What each run that is drawn says at x: its smoothed training loss and the validation loss nearest to it. */
function readings(chart, x) {
  const { runs, view, curves } = chart;
  return runs.flatMap((run, index) => {
    const own = curves.filter((curve) => curve.run === run);
    if (!own.length) return [];
    const value = (kind) => {
      const curve = own.find((other) => other.kind === kind);
      const at = curve ? nearest(curve.data[0], x) : -1;
      return at < 0 ? null : curve.data[1][at];
    };
    const places = run.train.step.length ? run.train : run.val;
    const at = nearest(X_AXES[view.x].of(places, run.facts), x);
    return [{
      name: run.name, colour: runs.length > 1 ? colourOf(index) : chart.look.inSample,
      step: at < 0 ? null : places.step[at], seconds: at < 0 ? null : places.elapsed_s[at],
      train: value("train"), val: value("val"),
    }];
  });
}

class Pointer {
  /** `changed(zoom)` is told of a new view, null for the whole. */
  constructor(chart, root, tip, spoken, changed) {
    Object.assign(this, { chart, root, tip, spoken, changed, drag: null, at: null });
    this.box = node(root.parentElement, "div", "pg-mon-zoom");
    this.cross = node(root.parentElement, "div", "pg-mon-cross");
    const on = (name, handler) => root.addEventListener(name, (event) => this.chart.plot && handler.call(this, event));
    on("pointerdown", this.down);
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.leave);
    on("pointerleave", (event) => this.drag || this.leave(event));
    on("dblclick", () => this.changed(null));
    on("keydown", this.key);
    root.addEventListener("wheel", (event) => this.chart.plot && this.wheel(event), { passive: false });
    on("blur", this.leave);
  }

  place(event) {
    const edge = this.root.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  }

  down(event) {
    if (event.pointerType === "touch" || event.button > 1) return;
    const frame = this.chart.frame(), start = this.place(event);
    if (!inside(start.x, frame.left, frame.width) || !inside(start.y, frame.top, frame.height)) return;
    this.root.setPointerCapture(event.pointerId);
    this.drag = { start, frame, moving: event.shiftKey || event.button === 1, ranges: { ...this.chart.ranges } };
    if (event.button === 1) event.preventDefault();
  }

  move(event) {
    const place = this.place(event);
    if (!this.drag) return this.read(place);
    this.hide();
    if (this.drag.moving) this.pan(place);
    else this.mark(place);
  }

  pan({ x, y }) {
    const { start, frame, ranges } = this.drag, { log } = this.chart.view;
    this.drag.now = {
      x: movedRange(ranges.x, (start.x - x) / frame.width, log.includes("x")),
      y: movedRange(ranges.y, (y - start.y) / frame.height, log.includes("y")),
    };
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.drag?.now) this.chart.show(this.drag.now);
    });
  }

  /** The part of the plot that the drag has marked: the whole height or width where it went one way only. */
  marked({ x, y }) {
    const { start, frame } = this.drag;
    const span = (a, b, low, size) => [Math.max(Math.min(a, b), low), Math.min(Math.max(a, b), low + size)];
    const across = Math.abs(x - start.x), down = Math.abs(y - start.y);
    const bothWays = across >= ONE_WAY_PIXELS && down >= ONE_WAY_PIXELS;
    const xs = bothWays || across >= down ? span(start.x, x, frame.left, frame.width) : null;
    const ys = bothWays || down > across ? span(start.y, y, frame.top, frame.height) : null;
    return { xs, ys, far: Math.max(across, down) };
  }

  mark(place) {
    const { frame } = this.drag, { xs, ys, far } = this.marked(place);
    const [left, right] = xs ?? [frame.left, frame.left + frame.width];
    const [top, bottom] = ys ?? [frame.top, frame.top + frame.height];
    this.box.style.cssText = far < CLICK_PIXELS ? "" : "display: block;"
      + `left: ${left}px; top: ${top}px; width: ${right - left}px; height: ${bottom - top}px`;
  }

  up(event) {
    const { drag } = this;
    if (!drag) return;
    const { xs, ys, far } = this.marked(this.place(event));
    this.drag = null;
    this.box.style.cssText = "";
    if (drag.moving) return drag.now && this.changed(drag.now);
    if (far < CLICK_PIXELS) return;
    const { plot, ranges } = this.chart, { frame } = drag;
    this.changed({
      x: xs ? xs.map((x) => plot.posToVal(x - frame.left, "x")) : ranges.x,
      y: ys ? ys.map((y) => plot.posToVal(y - frame.top, "y")).reverse() : this.chart.view.zoom?.y ?? null,
    });
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = this.chart.frame();
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8, (this.place(event).x - frame.left) / frame.width);
  }

  zoom(factor, at = 0.5) {
    const { ranges, view } = this.chart;
    this.changed({ x: scaledRange(ranges.x, at, factor, view.log.includes("x")), y: view.zoom?.y ?? null });
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const { ranges, view } = this.chart;
    if (step && event.shiftKey) {
      this.changed({ x: movedRange(ranges.x, step * 0.1, view.log.includes("x")), y: view.zoom?.y ?? null });
    } else if (step) {
      const frame = this.chart.frame();
      const x = (this.at ?? frame.left + frame.width / 2) + step * frame.width * KEY_SHARE;
      this.read({ x: Math.max(frame.left, Math.min(x, frame.left + frame.width)), y: frame.top + 20 }, true);
    } else if (event.key === "+" || event.key === "=") this.zoom(0.7);
    else if (event.key === "-") this.zoom(1.4);
    else if (event.key === "0" && view.zoom) this.changed(null);
    else return;
    event.preventDefault();
  }

  /** Show what the runs say where the pointer is; `aloud` to a screen reader too. */
  read(place, aloud = false) {
    const { chart } = this, frame = chart.frame();
    if (!inside(place.x, frame.left, frame.width) || !inside(place.y, frame.top, frame.height)) return this.hide();
    this.at = place.x;
    const found = readings(chart, chart.plot.posToVal(place.x - frame.left, "x"));
    if (!found.length) return this.hide();
    const mark = chart.marks.find((m) => m.type === "diamond" && Math.hypot(m.x - place.x, m.y - place.y) < MARK_PIXELS);
    const event = chart.events.find((e) => e.says && Math.abs(e.x1 - place.x) < MARK_PIXELS / 2);
    this.cross.style.cssText = `display: block; left: ${place.x}px; top: ${frame.top}px; height: ${frame.height}px`;
    this.fill(found, mark?.text ?? event?.says ?? "");
    const right = place.x > frame.left + frame.width / 2;
    this.tip.style.cssText = `display: block; top: ${frame.top + 8}px;`
      + (right ? `right: ${this.root.clientWidth - place.x + 12}px` : `left: ${place.x + 12}px`);
    if (aloud) setText(this.spoken, this.tip.innerText.replace(/\s+/g, " "));
  }

  fill(found, words) {
    const { tip } = this, [first] = found;
    tip.replaceChildren();
    const time = first.seconds == null ? "" : ` · ${seconds(first.seconds)}`;
    node(tip, "b", "", first.step == null ? "" : `step ${grouped(first.step)}${time}`);
    const table = node(tip, "table");
    const head = node(table, "tr");
    for (const word of ["", "training", "validation"]) node(head, "th", "", word);
    for (const reading of found) {
      const row = node(table, "tr"), name = node(row, "td");
      node(name, "i", "pg-mon-swatch").style.background = reading.colour;
      if (found.length > 1) name.append(reading.name);
      for (const kind of ["train", "val"]) node(row, "td", "", reading[kind] == null ? "–" : lossWords(reading[kind]));
    }
    if (words) node(tip, "p", "", words);
  }

  hide() {
    this.tip.style.cssText = "";
    this.cross.style.cssText = "";
  }

  leave() {
    this.drag = null;
    this.box.style.cssText = "";
    this.hide();
  }
}
