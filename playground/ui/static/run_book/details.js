// What opens under a row: its title and note, and what can be done with the run.

function button(parent, words, act, title) {
  const made = node(parent, "button", "", words);
  made.type = "button";
  if (title) made.title = title;
  made.addEventListener("click", act);
  return made;
}

function field(parent, words, tag, values) {
  const label = node(parent, "label", "", words);
  return Object.assign(node(label, tag), values);
}

class Details {
  /** `tools`: ask(action, values) asks the server, tell(event, values) the page. */
  constructor(row, tools) {
    Object.assign(this, { row, tools, name: row.row.name });
    this.root = node(row.item, "div", "pg-book-details");
    this.build();
  }

  build() {
    const { row } = this.row, { tools, name } = this;
    const words = node(this.root, "div", "pg-book-words");
    words.hidden = !row.own;
    const title = field(words, "Title", "input", { value: row.title === name ? "" : row.title, placeholder: name, maxLength: 120 });
    title.addEventListener("change", () => tools.ask("change", { run: name, title: title.value.trim() }));
    const note = field(words, "Note", "textarea", { value: row.note, rows: 2, maxLength: 4000 });
    note.addEventListener("change", () => tools.ask("change", { run: name, note: note.value }));
    this.reason = node(this.root, "p", "pg-book-reason");
    this.buttons = node(this.root, "div", "pg-book-buttons");
    this.branch = node(this.root, "form", "pg-book-branch");
    this.texts = node(this.root, "div", "pg-book-texts");
    this.update();
  }

  /** Draw what depends on the state anew, if that has changed; fields keep what stands in them. */
  update() {
    const { row } = this.row, key = JSON.stringify([row.state, row.place, row.checkpoints, row.reason]);
    if (key === this.key) return;
    this.key = key;
    setText(this.reason, `${this.name}${row.reason ? `: ${row.reason}` : ""}`);
    this.showButtons(row);
    this.showBranch(row);
  }

  showButtons(row) {
    const { tools, name, buttons } = this, busy = ["preparing", "running", "paused"].includes(row.state);
    const waits = row.state === "queued" && row.place > 0;
    buttons.replaceChildren();
    button(buttons, "Show on the chart", () => tools.tell("select", { runs: [name] }));
    button(buttons, "Duplicate into the form", () => tools.tell("submit", { run: name }), "Fills the Train tab with these settings, to change and launch");
    if (row.group) button(buttons, "Its group", () => tools.group(row.group), `Selects all runs of “${row.group}” and shows them as a table`);
    if (row.own) this.showOwnButtons(row, busy, waits);
    if (!busy && !waits) button(buttons, "Download zip", (event) => this.download(event.target), "Another playground imports it");
    button(buttons, "Command and script", () => this.repeat());
  }

  showOwnButtons(row, busy, waits) {
    const { tools, name, buttons } = this;
    if (waits && row.place > 1) button(buttons, "Next in the queue", () => tools.ask("first", { run: name }));
    if (waits) button(buttons, "Leave the queue", () => tools.ask("cancel", { run: name }));
    if (busy) button(buttons, "Stop and save", () => tools.ask("stop", { run: name }));
    if (["stopped", "failed"].includes(row.state)) {
      button(buttons, row.checkpoints.length ? "Resume" : "Start", () => tools.ask("start", { run: name }));
    }
    if (!busy) button(buttons, "Delete", () => tools.remove([name]));
  }

  showBranch(row) {
    const form = this.branch, steps = row.checkpoints, { tools, name } = this;
    form.hidden = !steps.length;
    form.replaceChildren();
    const at = field(form, "Branch from step", "select", {});
    for (const step of steps) node(at, "option", "", String(step));
    at.value = String(steps[steps.length - 1]);
    const last = steps[steps.length - 1] ?? 0;
    const until = field(form, "train until", "input", { value: last < row.total ? row.total : 2 * last, inputMode: "numeric" });
    const lr = field(form, "learning rate", "input", { placeholder: "as it is" });
    Object.assign(node(form, "button", "", "Branch"), { type: "submit" });
    form.onsubmit = (event) => {
      event.preventDefault();
      tools.ask("branch", { run: name, step: at.value, until: until.value, lr: lr.value.trim() });
    };
  }

  async download(pressed) {
    pressed.disabled = true;
    setText(pressed, "Packing …");
    const answer = await this.tools.ask("download", { run: this.name });
    pressed.disabled = false;
    setText(pressed, "Download zip");
    if (answer?.path) fetchFile(answer.path, answer.name);
  }

  async repeat() {
    if (this.texts.children.length) return this.texts.replaceChildren();
    const answer = await this.tools.ask("repeat", { run: this.name }, true);
    if (!answer?.command) return;
    for (const [words, text] of [["Command line", answer.command], ["Python script", answer.script]]) {
      const head = node(this.texts, "div", "pg-book-text");
      node(head, "b", "", words);
      const copy = button(head, "Copy", async () => setText(copy, (await copied(text)) ? "Copied" : "Select and copy"));
      const shown = node(this.texts, "pre", "", text);
      shown.tabIndex = 0;
    }
  }

  close() {
    this.root.remove();
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed outside of https and localhost: the text can be selected
  }
}

function fetchFile(path, name) {
  const prefix = `${window.gradio_config?.root ?? ""}${window.gradio_config?.api_prefix ?? "/gradio_api"}`;
  const link = Object.assign(document.createElement("a"), { href: `${prefix}/file=${encodeURI(path)}`, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
