// The body of a gr.HTML's js_on_load: `element`, `props` and `server` are given; the files named in
// tokenize_tab.py stand before it. It wires the form, and asks the server to cut the text.

const MANY_CHARACTERS = 2000, SLOW_MS = 400, PLAY_MS = 700, SLIDER_STEPS = 1000;
const SLOW_WORDS = { bpe: "Learning the merges of this corpus …", hf: "Fetching the tokenizer …" };
const root = element.querySelector(".pg-lab");
const field = (name) => root.querySelector(`[data-part="${name}"]`);
const textarea = root.querySelector("textarea");
const corpus = field("corpus"), parameter = field("parameter");
const lab = (root.__lab = { draws: 0, requests: 0 });

async function ask(name, request) {
  lab.requests++;
  const answer = await server[name](request);
  await pause();
  return JSON.parse(answer);
}

/** Let the browser do what waits. */
function pause() {
  return new Promise((done) => setTimeout(done, 0));
}

/** The name of the chosen text: of a synthetic source with its number, as markov:3. */
function textName() {
  const { usual, min, max } = corpus.selectedOptions[0].dataset;
  if (usual === undefined) return corpus.value;
  const number = Math.min(Math.max(Math.round(Number(parameter.value) || usual), min), max);
  return String(number) === usual ? corpus.value : `${corpus.value}:${number}`;
}

/** Ask for the number of a source that has one. */
function showParameter() {
  const { label, min, max, usual } = corpus.selectedOptions[0].dataset;
  field("parameter-field").hidden = usual === undefined;
  if (usual === undefined) return;
  field("parameter-label").textContent = `${label}, ${min} to ${max}`;
  Object.assign(parameter, { min, max, value: usual });
}

/** Offer what is chosen in the Data tab, above the built-in texts. */
function offerText(value) {
  if (!value) return;
  const { name, title } = JSON.parse(value);
  let option = corpus.querySelector("[data-chosen]");
  if (!option) {
    option = new Option();
    option.dataset.chosen = "";
    corpus.prepend(option);
  }
  option.textContent = `From the Data tab: ${title}`;
  const changes = option.selected && option.value !== name;
  option.value = name;
  if (changes) changeText();
}

class Pane {
  constructor(name, kind) {
    this.name = name;
    this.box = root.querySelector(`[data-pane="${name}"]`);
    this.part = (part) => this.box.querySelector(`[data-part="${part}"]`);
    this.view = new TokenView(this.box, (id) => sections.factsOf(this)?.counts?.[id]);
    this.table = new TokenTable(root.querySelector(`[data-part="table-${name}"]`));
    this.part("kind").value = kind;
    this.largest = props.largest;
    this.asked = this.answered = 0;
    this.listen();
    this.arrange();
  }

  listen() {
    this.part("kind").addEventListener("change", () => { this.arrange(); this.changed(); });
    this.part("name").addEventListener("change", () => this.changed());
    this.part("size").addEventListener("input", () => this.setSize(this.size(), "size"));
    this.part("slider").addEventListener("input", () => this.setSize(this.fromSlider(), "slider"));
    this.part("less").addEventListener("click", () => this.setSize(this.size() - 1));
    this.part("more").addEventListener("click", () => this.setSize(this.size() + 1));
    this.part("play").addEventListener("click", () => this.play(!this.playing));
  }

  isShown() {
    return this.name === "a" || root.dataset.panes === "2";
  }

  size() {
    const size = Math.round(Number(this.part("size").value) || props.smallest);
    return Math.min(Math.max(size, props.smallest), props.largest);
  }

  choice() {
    return { kind: this.part("kind").value, size: this.size(), name: this.part("name").value, corpus: textName() };
  }

  key() {
    const { kind, size, name, corpus: text } = this.choice();
    return JSON.stringify([kind, kind === "bpe" ? size : 0, kind === "hf" ? name : "", text]);
  }

  title() {
    const { kind, size, name } = this.choice();
    if (kind === "bpe") return `BPE, ${grouped(size)}`;
    return kind === "hf" ? name || "no name yet" : this.part("kind").selectedOptions[0].textContent;
  }

  arrange() {
    const { kind } = this.choice();
    this.play(false);
    this.box.querySelector(".pg-pane-bpe").hidden = kind !== "bpe";
    this.box.querySelector(".pg-pane-name").hidden = kind !== "hf";
    this.toSlider();
  }

  /** The slider is logarithmic: the first merges, which do most, get as much room as the last thousands. */
  fromSlider() {
    return Math.round(props.smallest * (this.largest / props.smallest) ** (this.part("slider").value / SLIDER_STEPS));
  }

  toSlider() {
    const share = Math.log(this.size() / props.smallest) / Math.log(this.largest / props.smallest);
    this.part("slider").value = Math.round(SLIDER_STEPS * share);
  }

  setSize(size, from) {
    size = Math.min(Math.max(size, props.smallest), this.largest);
    if (from !== "size") this.part("size").value = size;
    if (from !== "slider") this.toSlider();
    this.holdNewest = true;
    this.changed();
  }

  changed() {
    this.failed = false;
    this.cut();
    sections.settle();
  }

  /** Cut the text: at once for another tokenizer, and for a text that is being typed one request at a time. */
  async cut() {
    if (!this.isShown()) return;
    const key = this.key();
    if (this.busy === key) return void (this.again = true);
    const ticket = ++this.asked;
    this.busy = key;
    const slow = setTimeout(() => {
      if (ticket === this.asked) this.note(SLOW_WORDS[this.choice().kind] ?? "Cutting …");
    }, SLOW_MS);
    const answer = await ask("cut", { ...this.choice(), text: textarea.value })
      .catch(() => ({ error: "The app does not answer: is it still running?" }));
    clearTimeout(slow);
    if (ticket < this.answered) return;
    this.answered = ticket;
    await this.draw(answer);
    if (ticket !== this.asked) return;
    this.busy = null;
    if (this.again) { this.again = false; this.cut(); }
  }

  note(text, isBad = false) {
    this.part("note").textContent = text;
    this.part("note").classList.toggle("pg-pane-bad", isBad);
  }

  /** Draw what the server answered, in steps: between them the page can answer the person. */
  async draw(answer) {
    this.failed = Boolean(answer.error);
    this.note(answer.error ?? answer.unknown, this.failed);
    const { merge } = answer, ticket = this.answered;
    const tokens = new Tokens(answer.error ? EMPTY : answer);
    await pause();
    if (ticket !== this.answered) return;
    if (merge && this.holdNewest) this.view.held = merge.number ? merge.id : null;
    this.holdNewest = false;
    this.view.show(tokens);
    this.drawFigures(tokens);
    this.drawMerge(merge);
    this.table.show(tokens);
    lab.draws++;
  }

  drawFigures({ n_tokens, n_bytes, n_characters, d_vocab }) {
    const each = n_tokens ? (n_bytes / n_tokens).toFixed(2) : "–";
    const figures = [["tokens", grouped(n_tokens)], ["bytes a token", each], ["characters", grouped(n_characters)],
      ["bytes", grouped(n_bytes)], ["in the vocabulary", grouped(d_vocab)]];
    this.part("figures").innerHTML = figures.map(([name, value]) => `<span><b>${value}</b> ${name}</span>`).join("");
  }

  drawMerge(merge) {
    this.merge = merge;
    if (!merge) return void (this.part("merge").textContent = "");
    this.largest = props.smallest + merge.of;
    if (this.size() > this.largest) this.part("size").value = this.largest;
    this.toSlider();
    const code = (text) => `<code>${escaped(text)}</code>`;
    const made = merge.number ? `: ${code(merge.left)} + ${code(merge.right)} → ${code(merge.joined)}` : ": every byte is a token of its own";
    const count = this.mergeCounts?.[textName()]?.[merge.number - 1];
    const places = count === undefined ? "" : `, joined in ${grouped(count)} places of the corpus`;
    this.part("merge").innerHTML = `After merge ${grouped(merge.number)} of ${grouped(merge.of)}${made}${places}`;
    if (count === undefined && merge.number) this.countMerges();
  }

  /** How often each merge was made is counted once for a corpus, in the background. */
  async countMerges() {
    if (this.counting) return;
    this.counting = true;
    const wanted = textName();
    for (;;) {
      const answer = await ask("merges", this.choice()).catch(() => ({ error: "no answer" }));
      if (answer.counts) this.mergeCounts = { ...this.mergeCounts, [wanted]: answer.counts };
      if (!answer.working || textName() !== wanted || !element.isConnected) break;
      await new Promise((done) => setTimeout(done, ASK_MS));
    }
    this.counting = false;
    if (this.mergeCounts?.[wanted]) this.drawMerge(this.merge);
  }

  async play(on) {
    this.playing = on;
    this.part("play").textContent = on ? "❚❚" : "▶";
    this.part("play").setAttribute("aria-label", on ? "Pause the merges" : "Play the merges");
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (on && this.size() >= this.largest) this.part("size").value = props.smallest - 1;
    while (this.playing && turn === this.turn && this.size() < this.largest && root.offsetParent) {
      this.setSize(Number(this.part("size").value) + 1);
      await new Promise((done) => setTimeout(done, PLAY_MS));
    }
    if (turn === this.turn && this.playing) this.play(false);
  }
}

const EMPTY = { d_vocab: 0, n_tokens: 0, n_bytes: 0, n_characters: 0, places: { width: 2, packed: "" }, ids: [], counts: [], hex: [], labels: [], reprs: [], unknown: "" };
const panes = [];
const sections = new CorpusSections(root, panes, ask);
root.dataset.panes = "1";
panes.push(new Pane("a", "bpe"), new Pane("b", "gpt2"));

function cutAll() {
  for (const pane of panes) pane.cut();
}

textarea.value = props.start;
textarea.addEventListener("input", cutAll);
textarea.addEventListener("beforeinput", (event) => {
  // Browsers put a long text in line by line, each with an event and a layout of its own.
  if ((event.data?.length ?? 0) < MANY_CHARACTERS) return;
  event.preventDefault();
  textarea.setRangeText(event.data, textarea.selectionStart, textarea.selectionEnd, "end");
  cutAll();
});
function changeText() {
  for (const pane of panes) { pane.play(false); pane.largest = props.largest; pane.failed = false; }
  cutAll();
  sections.settle();
}

corpus.addEventListener("change", () => { showParameter(); changeText(); });
parameter.addEventListener("change", changeText);
field("compare").addEventListener("change", () => {
  root.dataset.panes = field("compare").checked ? "2" : "1";
  cutAll();
  sections.update();
});
field("show-ids").addEventListener("change", () => root.classList.toggle("pg-ids", field("show-ids").checked));
root.querySelector('details[data-part="table"]').addEventListener("toggle", () => panes.forEach((pane) => pane.table.draw()));
new ResizeObserver(() => {  // also when the tab is shown again
  if (!root.offsetParent) return;
  sections.poll();
  for (const pane of panes) pane.view.drawTicks();
}).observe(root);
watch("value", () => offerText(props.value));
corpus.value = corpus.options[0].value;  // what is offered later stands above, and is not chosen by that
offerText(props.value);
showParameter();
sections.update();
cutAll();
