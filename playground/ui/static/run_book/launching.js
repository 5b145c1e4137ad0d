// Experiments as cards, the form of a sweep, and the table of runs that are compared.

const SWEEP_RUNS = 36;

function showExperiments(place, experiments, launch) {
  for (const { name, title, text, runs } of experiments) {
    const card = node(place, "div", "pg-book-card"), about = node(card, "details");
    node(about, "summary", "", title);
    node(about, "p", "", text);
    node(about, "p", "", `Its runs: ${runs.join("; ")}.`);
    button(card, `Queue ${runs.length}`, (event) => launch(event.target, { name }), runs.join(", ")).setAttribute("aria-label", `Queue ${runs.length} runs: ${title}`);
  }
}

function valuesOf(text) {
  return [...new Set(text.split(",").map((value) => value.trim()).filter(Boolean))];
}

class SweepForm {
  constructor(form, props, launch) {
    Object.assign(this, { form, launch, settings: props.settings, bases: "" });
    this.presets = props.presets;
    for (const i of [1, 2]) this.fillSettings(form[`name${i}`], i === 2);
    for (const i of [1, 2]) form[`name${i}`].addEventListener("change", () => this.suggest(i));
    form.addEventListener("input", () => this.count());
    form.addEventListener("submit", (event) => this.submit(event));
    this.setRuns([]);
    this.suggest(1);
  }

  fillSettings(select, optional) {
    if (optional) node(select, "option", "", "nothing else").value = "";
    for (const [label, usual] of [["Usual", true], ["All others", false]]) {
      const group = node(select, "optgroup");
      group.label = label;
      for (const setting of this.settings.filter((each) => each.usual === usual)) node(group, "option", "", setting.name);
    }
  }

  /** Runs can be begun with too: their settings, made anew. */
  setRuns(rows) {
    const key = JSON.stringify(rows.map((row) => [row.name, row.title]));
    if (key === this.bases) return;
    this.bases = key;
    const select = this.form.base, before = select.value || "preset:tiny";
    select.replaceChildren();
    for (const [label, entries] of [["Presets", this.presets.map((p) => [`preset:${p.name}`, p.title])], ["Settings of a run", rows.map((row) => [`run:${row.name}`, row.title])]]) {
      if (!entries.length) continue;
      const group = node(select, "optgroup");
      group.label = label;
      for (const [value, words] of entries) node(group, "option", "", words).value = value;
    }
    select.value = before;
    if (!select.value) select.selectedIndex = 0;
  }

  suggest(i) {
    const setting = this.settings.find((each) => each.name === this.form[`name${i}`].value);
    const values = this.form[`values${i}`];
    values.value = setting?.values ?? "";
    values.disabled = !setting;
    this.count();
  }

  vary() {
    return [1, 2].map((i) => [this.form[`name${i}`].value, this.form[`values${i}`].value]).filter(([name]) => name);
  }

  count() {
    const number = this.vary().reduce((product, [, text]) => product * valuesOf(text).length, 1);
    const press = this.form.querySelector("button");
    setText(press, number === 1 ? "Queue 1 run" : `Queue ${number} runs`);
    press.disabled = number < 1 || number > SWEEP_RUNS;
    this.refuse(number > SWEEP_RUNS ? `At most ${SWEEP_RUNS} runs at a time.` : "");
  }

  refuse(words) {
    const place = this.form.querySelector(".pg-book-wrong");
    setText(place, words);
    place.hidden = !words;
  }

  async submit(event) {
    event.preventDefault();
    const { form } = this;
    const answer = await this.launch(form.querySelector("button"), { base: form.base.value, vary: this.vary(), steps: form.steps.value.trim() });
    this.count();
    this.refuse(answer?.error ?? "");
  }
}

function figure(value, digits) {
  return value == null ? "–" : value.toFixed(digits);
}

/** The table of compared runs, the best first, and beneath it every setting in which they differ. */
function showTable(place, answer, close) {
  place.replaceChildren();
  const head = node(place, "div", "pg-book-text");
  node(head, "b", "", `${answer.rows.length} runs, the best first`);
  button(head, "Close", close);
  const box = node(place, "div", "pg-book-scroll");
  box.tabIndex = 0;
  const heads = ["Run", ...answer.settings, "Best loss", "Bits/byte", "Above n-gram", "Tokens/s", "Seconds", "State"];
  fillTable(box, heads, answer.rows.map((row) => [
    row.title, ...row.values, figure(row.best, 4), figure(row.bpb, 4), figure(row.gap, 3),
    row.speed ? grouped(row.speed) : "–", figure(row.seconds, 1), STATE_WORDS[row.state] ?? row.state,
  ]));
  if (!answer.differences.length) return;
  const all = node(place, "details");
  node(all, "summary", "", `All ${answer.differences.length} settings in which they differ`);
  const more = node(all, "div", "pg-book-scroll");
  fillTable(more, ["Setting", ...answer.rows.map((row) => row.title)], answer.differences.map((d) => [d.name, ...d.values]));
}

function fillTable(place, heads, rows) {
  const table = node(place, "table");
  const top = node(node(table, "thead"), "tr");
  for (const words of heads) node(top, "th", "", words).scope = "col";
  const body = node(table, "tbody");
  for (const cells of rows) {
    const line = node(body, "tr");
    cells.forEach((words, i) => node(line, i ? "td" : "th", "", words));
  }
}
