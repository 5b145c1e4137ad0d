// The chart as an SVG: the same curves, axes and furniture as on the page, with a legend that says whose they are.

const LEGEND_HEIGHT = 26;

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function shapeSvg(shape) {
  const dash = shape.dash?.length ? ` stroke-dasharray="${shape.dash.join(" ")}"` : "";
  const at = (number) => number.toFixed(1);
  if (shape.type === "line") {
    return `<line x1="${at(shape.x1)}" y1="${at(shape.y1)}" x2="${at(shape.x2)}" y2="${at(shape.y2)}"`
      + ` stroke="${shape.colour}" stroke-width="${shape.width}"${dash}/>`;
  }
  if (shape.type === "text") {
    const back = shape.back ? ` stroke="${shape.back}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"` : "";
    return `<text x="${at(shape.x)}" y="${at(shape.y)}" font-size="${shape.size}" text-anchor="${shape.anchor}"`
      + ` dominant-baseline="central" fill="${shape.colour}"${shape.bold ? ' font-weight="600"' : ""}${back}>${escaped(shape.text)}</text>`;
  }
  if (shape.type === "circle") return `<circle cx="${at(shape.x)}" cy="${at(shape.y)}" r="${shape.radius}" fill="${shape.colour}"/>`;
  const corners = [[0, -1], [1, 0], [0, 1], [-1, 0]].map(([dx, dy]) => `${at(shape.x + dx * shape.size)},${at(shape.y + dy * shape.size)}`);
  return `<polygon points="${corners.join(" ")}" fill="${shape.colour}" stroke="${shape.edge}" stroke-width="1.5"/>`;
}

function curveSvg(curve, frame) {
  const [xs, ys] = curve.data;
  if (!xs.length) return "";
  const places = xs.map((x, i) => [frame.x(x).toFixed(1), frame.y(ys[i]).toFixed(1)]);
  const dash = curve.dash?.length ? ` stroke-dasharray="${curve.dash.join(" ")}"` : "";
  const dots = curve.dots ? places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="${curve.dots / 2}" fill="${curve.colour}"/>`).join("") : "";
  return `<g opacity="${curve.alpha}"><polyline fill="none" stroke="${curve.colour}" stroke-width="${curve.width}"${dash}`
    + ` points="${places.map((place) => place.join(",")).join(" ")}"/>${dots}</g>`;
}

/** Grid lines, tick labels and titles, as uPlot has laid them out. */
function axesShapes(chart, frame) {
  const { plot, look, view } = chart, shapes = [];
  const bottom = frame.top + frame.height, text = { type: "text", colour: look.muted, size: look.size };
  plot.axes.forEach((axis, i) => {
    axis._splits?.forEach((value, at) => {
      if (value == null) return;
      const label = axis._values[at] ?? "";
      if (i === 0) {
        const x = frame.x(value);
        shapes.push({ type: "line", x1: x, x2: x, y1: frame.top, y2: bottom, colour: look.muted, width: 0.25 });
        shapes.push({ ...text, text: label, x, y: bottom + look.size, anchor: "middle" });
      } else {
        const y = frame.y(value);
        shapes.push({ type: "line", x1: frame.left, x2: frame.left + frame.width, y1: y, y2: y, colour: look.muted, width: 0.25 });
        shapes.push({ ...text, text: label, x: frame.left - 6, y, anchor: "end" });
      }
    });
  });
  shapes.push({ ...text, text: X_AXES[view.x].axis, x: frame.left + frame.width / 2, y: bottom + look.size * 2.4, anchor: "middle" });
  return shapes;
}

function legendShapes(chart, frame) {
  const { runs, look, view, curves } = chart, shapes = [], many = runs.length > 1;
  const entries = many
    ? runs.flatMap((run, i) => (curves.some((curve) => curve.run === run) ? [[run.name, colourOf(i)]] : []))
    : [[`${runs[0].name}: training`, look.inSample], ["validation", look.heldOut]];
  let x = frame.left;
  for (const [name, colour] of entries) {
    shapes.push({ type: "line", x1: x, x2: x + 20, y1: -LEGEND_HEIGHT / 2, y2: -LEGEND_HEIGHT / 2, colour, width: 3 });
    shapes.push({ type: "text", text: name, x: x + 26, y: -LEGEND_HEIGHT / 2, size: look.size, anchor: "start", colour: look.text });
    x += 46 + name.length * look.size * 0.56;
  }
  const note = `${LOSS_UNITS[view.unit].axis}${many ? "; validation dashed, with dots" : ""}`;
  shapes.push({ type: "text", text: note, x: 4, y: -LEGEND_HEIGHT - 4, size: look.size, anchor: "start", colour: look.muted });
  return shapes;
}

function chartSvg(chart) {
  const frame = chart.frame(), { plot, look, curves } = chart, top = 2 * LEGEND_HEIGHT;
  const svg = (shapes) => shapes.map(shapeSvg).join("");
  const clip = `<clipPath id="plot"><rect x="${frame.left}" y="${frame.top}" width="${frame.width}" height="${frame.height}"/></clipPath>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-top} ${plot.width} ${plot.height + top}"`
    + ` width="${plot.width}" height="${plot.height + top}" font-family="${escaped(look.font)}">`
    + `<defs>${clip}</defs><rect y="${-top}" width="100%" height="100%" fill="${look.surface}"/>`
    + svg(axesShapes(chart, frame)) + svg(chart.shapesUnder())
    + `<g clip-path="url(#plot)">${curves.map((curve) => curveSvg(curve, frame)).join("")}</g>`
    + `${svg(chart.shapesOver())}${svg(legendShapes(chart, frame))}</svg>`;
}
