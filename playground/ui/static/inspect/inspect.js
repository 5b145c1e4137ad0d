// The body of a gr.HTML's js_on_load: `element`, `props` and `server` are given; the files named in
// inspect_tab.py stand before it. It wires the form, and asks the server what the model does with the text.

const REFRESH_MS = 4000, ASK_MS = 500, TYPING_MS = 150, SLOW_MS = 500;
const root = element.querySelector(".pg-ins");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const textarea = root.querySelector("#inspect-text textarea");
const inspector = (root.__inspector = { draws: 0 });
const heat = new HeatView(part), attention = new AttentionView(part), lens = new LensView(part), batch = new BatchView(part, () => fillView(true)), hand = new ByHand(part("hand"));
const state = { run: "", steps: [], step: null, typed: false, view: "tokens" };  // step null: the newest
let answered = null;  // what is shown: the request, and the scores

async function ask(name, request = {}) {
  return JSON.parse(await server[name](request).catch(() => '{"error": "The app does not answer: is it still running?"}'));
}

function request() {
  return { run: state.run, step: state.step ?? state.steps.at(-1) ?? null, text: textarea.value };
}

function note(text, isBad = false) {
  part("note").textContent = text;
  part("note").classList.toggle("pg-error", isBad);
  part("note").classList.toggle("pg-note", !isBad);
}

/** Ask for what the form says now: one request at a time, and the last one counts. */
let busy = false, again = false, timer = 0;
async function refresh() {
  if (busy) return void (again = true);
  busy = true;
  do {
    again = false;
    const wanted = request();
    const slow = setTimeout(() => note("Reading the text with the model …"), SLOW_MS);
    const answer = state.run ? await ask("inspect_scores", wanted) : { error: "There is no run yet: launch one on the Train tab." };
    clearTimeout(slow);
    draw(wanted, answer);
  } while (again);
  busy = false;
}

function draw(wanted, answer) {
  note(answer.error ?? answer.notes, Boolean(answer.error) && wanted.step !== null);  // before its first checkpoint all is well
  root.classList.toggle("pg-ins-failed", Boolean(answer.error));
  if (answer.error) {
    answered = null;
    part("totals").textContent = "";
    return;
  }
  remember(state, textarea.value);
  const scores = new Scores(answer);
  // While a checkpoint is changed the counted losses stay as they are: the text is the same.
  if (answered?.wanted.run === wanted.run && answered.wanted.text === wanted.text) scores.orders = answered.scores.orders;
  answered = { wanted, scores };
  heat.show(scores);
  hand.vocabulary(scores.d_vocab);
  part("totals").innerHTML = totalsHtml(scores, "");
  inspector.draws++;
  fillView();
  if (!scores.orders.length) compare(answered);
}

/** Counting the training text takes a while the first time. */
async function compare(shown) {
  if (shown.scores.tokens.length < 2) return;
  for (;;) {
    const answer = await ask("inspect_counted", shown.wanted);
    if (shown !== answered) return;
    const working = answer.working ? `n-grams: ${answer.working} ${answer.share ? `${Math.round(100 * answer.share)} % ` : ""}…` : answer.error;
    if (answer.orders) heat.counted(answer.orders);
    part("totals").innerHTML = totalsHtml(shown.scores, working);
    if (!answer.working || !root.offsetParent) return;
    await new Promise((done) => setTimeout(done, ASK_MS));
  }
}

/** Fill the view that is open; what takes work is asked for only then, and once. */
async function fillView(anew = false) {
  const shown = answered;
  if (!shown) return;
  if (state.view === "next") part("next").innerHTML = nextHtml(shown.scores);
  const view = { attention, lens, batch }[state.view];
  if (!view || (view.shownFor === shown && !anew)) return;
  const extra = view === batch ? batch.asked() : {}, answer = await ask(`inspect_${state.view}`, { ...shown.wanted, ...extra });
  if (shown !== answered || (view === batch && JSON.stringify(extra) !== JSON.stringify(batch.asked()))) return;
  view.shownFor = shown;
  view.show(answer);
}

function openView(name) {
  state.view = name;
  for (const tab of root.querySelectorAll("[data-view]")) {
    const isOpen = tab.dataset.view === name;
    tab.setAttribute("aria-selected", String(isOpen));
    tab.tabIndex = isOpen ? 0 : -1;
  }
  for (const panel of root.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
  remember(state, textarea.value);
  fillView();
}

function drawSteps() {
  const { steps, step } = state, slider = part("step");
  slider.max = Math.max(0, steps.length - 1);
  slider.disabled = steps.length < 2;
  slider.value = step === null ? slider.max : steps.indexOf(step);
  const shown = step ?? steps.at(-1);
  const which = step === null ? "the newest" : `${steps.indexOf(step) + 1} of ${steps.length} kept`;
  part("step-name").textContent = shown === undefined ? "none yet" : `step ${grouped(shown)}, ${which}`;
}

/** Bring runs and checkpoints up to date; a run that trains is followed while its newest is shown. */
async function look() {
  const wishes = state.wishes;
  state.wishes = null;
  const answer = await ask("inspect_runs", { run: wishes?.run ?? state.run });
  if (answer.error) return;
  const options = answer.choices.map(([label, name]) => `<option value="${escaped(name)}">${escaped(label)}</option>`).join("");
  if (part("run").dataset.html !== options) {
    part("run").dataset.html = options;
    part("run").innerHTML = options;
  }
  part("run").value = answer.run;
  const newest = state.steps.at(-1), isOther = answer.run !== state.run;
  state.run = answer.run;
  state.steps = answer.steps;
  if (isOther || (state.step !== null && !state.steps.includes(state.step))) state.step = null;
  if (wishes && answer.run === wishes.run && state.steps.includes(wishes.step)) state.step = wishes.step;
  drawSteps();
  remember(state, textarea.value);
  if (isOther) await suggest();
  if (isOther || !inspector.draws || (state.step === null && state.steps.at(-1) !== newest)) refresh();
}

/** Put a text of the run's kind into the box, unless the person has typed one. */
async function suggest() {
  if (state.typed || !state.run) return;
  const answer = await ask("inspect_example", { run: state.run });
  if (answer.text && !state.typed) textarea.value = answer.text;
}

/** Open a model of the Hub or of a folder, and look into it. */
async function openModel() {
  const say = (text, isBad) => {
    part("hub-note").textContent = text;
    part("hub-note").className = isBad ? "pg-error" : "pg-note";
  };
  const name = part("hub-name").value;
  part("hub-open").disabled = true;
  for (;;) {
    const answer = await ask("inspect_open", { name });
    say(answer.error ?? answer.working ?? `${name} is open as the run ${answer.run}.`, Boolean(answer.error));
    if (answer.run) Object.assign(state, { wishes: { run: answer.run, step: null } });
    if (answer.run) await look();
    if (!answer.working) break;
    await new Promise((done) => setTimeout(done, ASK_MS));
  }
  part("hub-open").disabled = false;
}

async function chooseRun() {
  Object.assign(state, { run: "", step: null, steps: [] });
  const wanted = part("run").value, { steps } = await ask("inspect_runs", { run: wanted });
  Object.assign(state, { run: wanted, steps: steps ?? [] });
  drawSteps();
  await suggest();
  refresh();
}

textarea.addEventListener("input", () => {
  state.typed = true;
  clearTimeout(timer);
  timer = setTimeout(refresh, TYPING_MS);
});
part("run").addEventListener("change", chooseRun);
part("hub-open").addEventListener("click", openModel);
part("hub-name").addEventListener("keydown", (event) => event.key === "Enter" && openModel());
part("step").addEventListener("input", () => {
  const place = Number(part("step").value);
  state.step = place === state.steps.length - 1 ? null : state.steps[place];
  drawSteps();
  refresh();
});
const tabs = [...root.querySelectorAll("[data-view]")];
tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => openView(tab.dataset.view));
  tab.addEventListener("keydown", (event) => {
    const turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!turn) return;
    const next = tabs[(place + turn + tabs.length) % tabs.length];
    next.focus();
    openView(next.dataset.view);
  });
});

/** A link sets run, checkpoint, view and text. */
const linked = opened();
if (linked) {
  Object.assign(state, { wishes: linked, typed: linked.text !== null });
  if (linked.text !== null) textarea.value = linked.text;
  if (tabs.some((tab) => tab.dataset.view === linked.view)) openView(linked.view);
}

/** Only while it can be seen is anything asked for. */
let looking = null;
new ResizeObserver(() => {
  if (!root.offsetParent) { clearInterval(looking); looking = null; return; }
  if (looking !== null) return;
  look();
  looking = setInterval(() => {
    if (!element.isConnected) clearInterval(looking);
    else if (!document.hidden) look();
  }, REFRESH_MS);
}).observe(root);
