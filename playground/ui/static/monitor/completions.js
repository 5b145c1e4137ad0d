// What runs write to the same prompts, through time: a slider over the steps, a play button, two runs side by side.

const PLAY_MS = 900, KEPT_TEXTS = 600, ASKED_STEPS = 12;

class Completions {
  constructor(part, server) {
    Object.assign(this, { part, server, runs: [], steps: [], at: -1, follows: true, timer: null, asking: false });
    this.texts = new Map();
    part("sample-at").addEventListener("input", () => this.go(Number(part("sample-at").value)));
    part("play").addEventListener("click", () => (this.timer ? this.stop() : this.play()));
  }

  /** Show these runs, the second beside the first; `samples` are the newest texts of an answer. */
  update(runs, answers) {
    for (const { run, samples } of answers) {
      for (const step of new Set(samples.map((sample) => sample.step))) {
        this.texts.set(`${run} ${step}`, samples.filter((sample) => sample.step === step));
      }
    }
    const names = runs.map((run) => run.name).join(" ");
    if (names !== this.names) Object.assign(this, { names, follows: true, drawn: "" });
    this.runs = runs;
    this.steps = [...new Set(runs.flatMap((run) => run.sampleSteps))].sort((a, b) => a - b);
    const last = this.steps.length - 1;
    if (this.follows || this.at > last) this.at = last;
    const slider = this.part("sample-at");
    slider.max = Math.max(0, last);
    slider.disabled = last < 1;
    this.part("play").disabled = last < 1;
    this.part("writes").hidden = last < 0;
    this.show();
  }

  go(at) {
    this.at = Math.max(0, Math.min(at, this.steps.length - 1));
    this.follows = this.at === this.steps.length - 1;
    this.show();
  }

  play() {
    if (this.at >= this.steps.length - 1) this.go(0);
    this.timer = setInterval(() => {
      if (this.missing().length) return; // the texts are on their way
      if (this.at >= this.steps.length - 1) return this.stop();
      this.go(this.at + 1);
    }, PLAY_MS);
    setText(this.part("play"), "❚❚ Pause");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    setText(this.part("play"), "▶ Play");
  }

  /** The step of a run whose texts stand at a step of the slider: its newest up to there. */
  stepOf(run, step) {
    return run.sampleSteps[lastAtMost(run.sampleSteps, step)];
  }

  missing(at = this.at) {
    return this.runs.filter((run) => {
      const step = this.stepOf(run, this.steps[at]);
      return step !== undefined && !this.texts.has(`${run.name} ${step}`);
    });
  }

  show() {
    const step = this.steps[this.at];
    if (step === undefined) return;
    const slider = this.part("sample-at");
    slider.value = this.at;
    slider.setAttribute("aria-valuetext", `step ${grouped(step)}`);
    setText(this.part("sample-step"), `step ${grouped(step)}`);
    if (this.missing().length) return this.ask();
    const drawn = `${this.names} ${this.runs.map((run) => this.stepOf(run, step)).join(" ")}`;
    if (drawn !== this.drawn) this.write(step);
    this.drawn = drawn;
  }

  /** Fetch the texts of the next steps, and draw them if they are still wanted. */
  async ask() {
    if (this.asking) return;
    this.asking = true;
    try {
      for (const run of this.missing()) {
        const from = run.sampleSteps.indexOf(this.stepOf(run, this.steps[this.at]));
        const steps = run.sampleSteps.slice(from, from + ASKED_STEPS);
        const { samples } = await this.server.completions({ run: run.name, steps });
        if (this.texts.size > KEPT_TEXTS) this.texts.clear();
        for (const asked of steps) {
          this.texts.set(`${run.name} ${asked}`, samples.filter((sample) => sample.step === asked));
        }
      }
    } catch {
      return; // the connection is lost: the poll says so, and the next one tries again
    } finally {
      this.asking = false;
    }
    this.show();
  }

  write(step) {
    const box = this.part("samples");
    box.replaceChildren();
    box.classList.toggle("pg-mon-two", this.runs.length > 1);
    for (const run of this.runs) {
      const column = node(box, "article"), own = this.stepOf(run, step);
      if (this.runs.length > 1) node(column, "h4", "", own === undefined ? run.name : `${run.name} · step ${grouped(own)}`);
      for (const { prompt, completion } of this.texts.get(`${run.name} ${own}`) ?? []) {
        const text = node(column, "p");
        node(text, "b", "", prompt);
        text.append(completion);
      }
    }
  }
}
