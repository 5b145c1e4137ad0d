// Colours, widths and sizes. Run colours are Okabe and Ito's, told apart by the colour-blind, darkened where
// they would be too pale on white; from the ninth run on they come again with another dash.

const RUN_COLOURS = {
  light: ["#0072b2", "#d55e00", "#00805c", "#a3498a", "#8f6a00", "#2f86c4", "#555555", "#7a3b12"],
  dark: ["#5cb8f5", "#ff9a52", "#35d0a2", "#e59bc9", "#f0c542", "#9ad4ff", "#c4c9d4", "#d8a27a"],
};

function css(name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

function isDark() {
  return document.body.classList.contains("dark");
}

function colourOf(index) {
  const colours = RUN_COLOURS[isDark() ? "dark" : "light"];
  return colours[index % colours.length];
}

/** All that depends on the theme and on the stage. */
function lookOf(stage, width) {
  const dark = isDark(), narrow = width < 560;
  return {
    key: `${dark}|${stage}|${narrow}`,
    narrow, stage,
    inSample: colourOf(0), heldOut: colourOf(1), floor: colourOf(2), pretrained: colourOf(3),
    text: css("--body-text-color"), muted: css("--body-text-color-subdued"),
    grid: dark ? "rgba(255,255,255,0.09)" : "rgba(15,23,42,0.08)",
    surface: css("--background-fill-primary") || (dark ? "#0d1220" : "#fff"),
    good: colourOf(2), hint: colourOf(0), warning: colourOf(1),
    font: css("--font") || "sans-serif",
    size: stage ? 18 : 12,
    line: stage ? 4 : 2, thin: stage ? 1.5 : 1, dot: stage ? 9 : 5,
    margin: narrow ? 18 : stage ? 240 : 150,
  };
}

function lineColour(line, look, many) {
  if (line.name === "floor") return look.floor;
  if (line.name === "pretrained") return look.pretrained;
  if (line.name === "uniform" || many) return look.muted;
  return line.kind === "in_sample" ? look.inSample : look.heldOut;
}

function lineDash(line) {
  if (line.name === "floor") return [];
  if (line.name === "pretrained") return [14, 5, 3, 5];
  return line.kind === "in_sample" ? [2, 4] : [8, 4];
}
