// What stands in the chart besides the curves, as plain shapes: painted on the canvas, or written into an SVG.
// `frame` is the plot in CSS pixels: left, top, width, height, and x(value), y(value).

function levelOf(line, run, unit) {
  return LOSS_UNITS[unit].of(line.y, run.facts);
}

const LABEL_CHARACTERS = 26;

function clipped(text) {
  return text.length > LABEL_CHARACTERS ? `${text.slice(0, LABEL_CHARACTERS - 1)}…` : text;
}

/** The lines of every text once: those of the shown run first, of another only where its level is another. */
function linesOf(runs, view) {
  const drawn = [], seen = new Set();
  const shown = runs.find((run) => !view.hide.includes(`run:${run.name}`)) ?? runs[0];
  for (const run of runs) {
    if (view.hide.includes(`run:${run.name}`)) continue;
    for (const line of run.lines) {
      const level = levelOf(line, run, view.unit), words = lossWords(level).replace(/(\.\d\d)\d$/, "$1");
      const key = `${line.kind} ${line.name} ${words}`;
      if (!Number.isFinite(level) || seen.has(key) || view.hide.includes(line.kind)) continue;
      seen.add(key);
      const label = run === shown ? `${line.label} ${words}` : clipped(`${line.name} ${words} · ${run.name}`);
      drawn.push({ ...line, level, run, label });
    }
  }
  return drawn;
}

function baselineShapes(lines, frame, look, many) {
  return lines.filter((line) => inside(frame.y(line.level), frame.top, frame.height)).map((line) => ({
    type: "line", x1: frame.left, x2: frame.left + frame.width, y1: frame.y(line.level), y2: frame.y(line.level),
    colour: lineColour(line, look, many), width: look.stage ? 3 : 1.5, dash: lineDash(line),
  }));
}

function inside(value, start, size) {
  return value >= start - 0.5 && value <= start + size + 0.5;
}

/** Labels at their lines, pushed apart where they would lie on one another. */
function labelShapes(lines, frame, look, many) {
  const height = look.size + 3;
  const labels = lines.map((line) => ({ line, y: frame.y(line.level) }))
    .filter((label) => inside(label.y, frame.top, frame.height)).sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + height);
  for (let i = labels.length - 1, limit = frame.top + frame.height - 4; i >= 0; i--) {
    labels[i].y = Math.min(labels[i].y, limit);
    limit = labels[i].y - height;
  }
  const right = frame.left + frame.width;
  return labels.map(({ line, y }) => ({
    type: "text", text: line.label, y: look.narrow ? y - height / 2 : y, size: look.stage ? 16 : 11,
    x: look.narrow ? right - 3 : right + 6, anchor: look.narrow ? "end" : "start",
    colour: lineColour(line, look, many), back: look.narrow ? look.surface : "",
  }));
}

/** Diamonds where runs passed a line; those of the first run say when, where there is room. */
function crossingShapes(runs, view, frame, look) {
  const shapes = [], taken = [];
  for (const index of [...runs.keys()].reverse()) { // those of the run shown come last, on top
    const run = runs[index];
    if (view.hide.includes(`run:${run.name}`)) continue;
    for (const mark of run.crossings) {
      if (view.hide.includes(mark.kind === "in_sample" ? "train" : "val") || view.hide.includes(mark.kind)) continue;
      const x = frame.x(run.placeOf(mark.step, view.x)), y = frame.y(LOSS_UNITS[view.unit].of(mark.y, run.facts));
      if (!inside(x, frame.left, frame.width) || !inside(y, frame.top, frame.height)) continue;
      const size = look.stage ? 9 : 6;
      const alone = mark.kind === "in_sample" ? look.inSample : look.heldOut;
      shapes.push({
        type: "diamond", x, y, size, edge: look.surface, text: mark.text,
        colour: runs.length > 1 ? colourOf(index) : mark.name === "floor" ? look.floor : alone,
      });
      const words = `step ${grouped(mark.step)} · ${seconds(mark.seconds)}`;
      const box = { x: x + size + 4, y: y - look.size, width: words.length * look.size * 0.56, height: look.size + 4 };
      if (index === 0 && fits(box, taken, frame)) {
        taken.push(box);
        shapes.push({
          type: "text", text: words, x: box.x, y: y - look.size / 2, size: look.stage ? 15 : 11, anchor: "start",
          colour: look.text, back: look.surface,
        });
      }
    }
  }
  return shapes;
}

function fits(box, taken, frame) {
  const free = taken.every((other) => box.x + box.width < other.x || other.x + other.width < box.x
    || box.y + box.height < other.y || other.y + other.height < box.y);
  return free && box.x + box.width < frame.left + frame.width && box.y > frame.top;
}

/** Upright lines where something was done to the first run, with a word at the top. */
function eventShapes(run, view, frame, look) {
  const shapes = [], bySteps = new Map();
  for (const event of run.events) bySteps.set(event.step, [...(bySteps.get(event.step) ?? []), event.text]);
  let free = frame.left;
  for (const [step, texts] of bySteps) {
    const x = frame.x(run.placeOf(step, view.x)), text = [...new Set(texts)].join(", ");
    if (!inside(x, frame.left, frame.width)) continue;
    shapes.push({
      type: "line", x1: x, x2: x, y1: frame.top, y2: frame.top + frame.height, colour: look.muted, width: 1, dash: [3, 3],
      says: `${text} at step ${grouped(step)}`,
    });
    const width = text.length * look.size * 0.52, atEnd = x + width > frame.left + frame.width;
    const start = atEnd ? x - width - 4 : x + 4;
    if (start < free) continue;
    free = x + (atEnd ? 0 : width) + 8;
    shapes.push({
      type: "text", text, x: atEnd ? x - 4 : x + 4, y: frame.top + look.size * 0.7, size: look.stage ? 14 : 11,
      anchor: atEnd ? "end" : "start", colour: look.muted, back: look.surface,
    });
  }
  return shapes;
}

/** Numbered pins on the foot of the chart: the place that a note beneath it speaks of. */
function pinShapes(run, view, frame, look) {
  return run.notes.flatMap((note, i) => {
    const x = frame.x(run.placeOf(note.step, view.x));
    if (!inside(x, frame.left, frame.width)) return [];
    const radius = look.stage ? 13 : 8, shifted = Math.min(x + i * 3, frame.left + frame.width - radius);
    const y = frame.top + frame.height - radius - 3;
    return [
      { type: "circle", x: shifted, y, radius, colour: look[note.kind] ?? look.hint },
      { type: "text", text: String(i + 1), x: shifted, y, size: look.stage ? 16 : 11, anchor: "middle", colour: look.surface, bold: true },
    ];
  });
}

/** Paint shapes on a canvas whose unit is a CSS pixel. */
function paint(ctx, shapes, font) {
  for (const shape of shapes) {
    ctx.setLineDash(shape.dash ?? []);
    ctx.lineWidth = shape.width ?? 1.5;
    if (shape.type === "line") {
      ctx.strokeStyle = shape.colour;
      ctx.beginPath();
      ctx.moveTo(shape.x1, shape.y1);
      ctx.lineTo(shape.x2, shape.y2);
      ctx.stroke();
    } else if (shape.type === "text") {
      paintText(ctx, shape, font);
    } else {
      ctx.fillStyle = shape.colour;
      ctx.beginPath();
      if (shape.type === "circle") ctx.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI);
      else for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) ctx.lineTo(shape.x + dx * shape.size, shape.y + dy * shape.size);
      ctx.closePath();
      ctx.fill();
      if (shape.edge) {
        ctx.strokeStyle = shape.edge;
        ctx.stroke();
      }
    }
  }
}

function paintText(ctx, shape, font) {
  ctx.font = `${shape.bold ? "600 " : ""}${shape.size}px ${font}`;
  ctx.textAlign = { start: "left", middle: "center", end: "right" }[shape.anchor];
  ctx.textBaseline = "middle";
  if (shape.back) {
    ctx.lineJoin = "round";
    ctx.lineWidth = 4;
    ctx.strokeStyle = shape.back;
    ctx.strokeText(shape.text, shape.x, shape.y);
  }
  ctx.fillStyle = shape.colour;
  ctx.fillText(shape.text, shape.x, shape.y);
}
