// Draws the toy problem: the loss over steps on a logarithmic axis, redrawn while the rate is dragged.

const TOY = { width: 300, height: 170, left: 36, right: 34, top: 8, bottom: 22, lowest: 0.3, highest: 3000 };
const REFERENCES = [1, 10, 100, 1000], LOW = -3, HIGH = 6;
const box = element.querySelector(".pg-toy"), svg = box.querySelector("svg"), slider = box.querySelector("input");
const said = box.querySelector("[data-part=verdict]");
const toyX = (step) => TOY.left + ((TOY.width - TOY.left - TOY.right) * step) / TOY_STEPS;
const toyY = (loss) => {
  const power = Math.min(HIGH, Math.max(LOW, Math.log10(Math.max(loss, 1e-300))));
  return TOY.top + ((TOY.height - TOY.top - TOY.bottom) * (HIGH - power)) / (HIGH - LOW);
};

function toyLine(lr, name) {
  const places = toyWeights(lr).map((w, t) => `${toyX(t).toFixed(1)},${toyY(w * w).toFixed(1)}`);
  return `<polyline class="${name}" points="${places.join(" ")}"/>`;
}

function toyAxes() {
  const floor = TOY.height - TOY.bottom;
  const rows = [LOW, 0, 3, HIGH].map((power) => {
    const y = toyY(10 ** power);
    return `<line x1="${TOY.left}" x2="${TOY.width - TOY.right}" y1="${y}" y2="${y}"/>`
      + `<text x="${TOY.left - 4}" y="${y + 4}" text-anchor="end">1e${power}</text>`;
  });
  return `${rows.join("")}<text x="${TOY.left}" y="${floor + 16}">step 0</text>`
    + `<text x="${TOY.width - TOY.right}" y="${floor + 16}" text-anchor="end">${TOY_STEPS}</text>`;
}

function drawToy() {
  const lr = toyRate(), references = REFERENCES.map((each) => {
    const y = toyY(toyWeights(each).at(-1) ** 2);
    return `${toyLine(each, "pg-toy-other")}<text x="${TOY.width - TOY.right + 3}" y="${y + 4}">${each}</text>`;
  });
  svg.innerHTML = toyAxes() + references.join("") + toyLine(lr, "pg-toy-own");
  const shown = Number(lr.toPrecision(2));
  slider.setAttribute("aria-valuetext", `learning rate ${shown}`);
  said.textContent = `Learning rate ${shown.toLocaleString("en-US")}. ${toyVerdict(lr)}`;
}

/** The slider is logarithmic, as rates are. */
function toyRate() {
  return TOY.lowest * (TOY.highest / TOY.lowest) ** (slider.value / slider.max);
}

function setToyRate(lr) {
  slider.value = (slider.max * Math.log(lr / TOY.lowest)) / Math.log(TOY.highest / TOY.lowest);
  drawToy();
}

function drag(event) {
  const frame = svg.getBoundingClientRect(), share = (event.clientX - frame.left) / frame.width;
  slider.value = slider.max * Math.min(1, Math.max(0, share));
  drawToy();
}

svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); drag(event); });
svg.addEventListener("pointermove", (event) => { if (svg.hasPointerCapture(event.pointerId)) drag(event); });
slider.addEventListener("input", drawToy);
box.querySelectorAll("button").forEach((each) => each.addEventListener("click", () => setToyRate(Number(each.value))));
setToyRate(10);
