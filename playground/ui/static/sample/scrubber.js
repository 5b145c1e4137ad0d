// The body of a gr.HTML's js_on_load: the same prompt at every kept checkpoint, under a slider.

const part = (name) => element.querySelector(`[data-testid="scrub${name}"]`);
const slider = part("-at");

function show() {
  const { prompt, texts } = props.value;
  const [step, text] = texts[Number(slider.value)];
  part("-step").textContent = `step ${step.toLocaleString("en-US")}`;
  const start = document.createElement("b");
  start.textContent = prompt;
  part("-text").replaceChildren(start, text);
}

function take() {
  const texts = props.value?.texts ?? [];
  part("").hidden = !texts.length;
  if (!texts.length) return;
  const atEnd = Number(slider.value) === Number(slider.max);
  slider.max = texts.length - 1;
  if (atEnd || Number(slider.value) >= texts.length) slider.value = texts.length - 1;
  show();
}

slider.addEventListener("input", show);
watch("value", take);
take();
