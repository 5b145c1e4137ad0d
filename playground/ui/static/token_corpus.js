// What is known of the corpus: baselines, the vocabulary with its counts, the plot of Zipf. Asked for only while
// it can be seen; the server counts in the background and is asked how far it is.

const ASK_MS = 400, SETTLE_MS = 600;

class CorpusSections {
  constructor(root, panes, ask) {
    Object.assign(this, { root, panes, ask, known: new Map(), page: 0, polling: false });
    this.part = (name) => root.querySelector(`.pg-lab-more [data-part="${name}"]`);
    this.zipf = new ZipfPlot(this.part("zipf"), this.part("zipf-named"));
    for (const name of ["baselines", "vocabulary"]) this.part(name).addEventListener("toggle", () => this.update());
    this.part("query").addEventListener("input", () => this.turn(0));
    this.part("earlier").addEventListener("click", () => this.turn(this.page - 1));
    this.part("later").addEventListener("click", () => this.turn(this.page + 1));
    for (const radio of root.querySelectorAll('[name="pg-vocabulary"]')) radio.addEventListener("change", () => this.turn(0));
    this.part("rows").addEventListener("click", (event) => {
      const id = event.target.closest("tr[data-id]")?.dataset.id;
      if (id !== undefined) this.chosen().view.hold(Number(id));
    });
  }

  isOpen(name) {
    return this.part(name).open && this.root.offsetParent !== null;
  }

  chosen() {
    const name = this.root.querySelector('[name="pg-vocabulary"]:checked').value;
    return this.panes.find((pane) => pane.name === name && pane.isShown()) ?? this.panes[0];
  }

  factsOf(pane) {
    return this.known.get(pane.key());
  }

  /** A slider that still moves is waited for. */
  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.page = 0; this.update(); }, SETTLE_MS);
  }

  update() {
    for (const [key, facts] of this.known) if (facts.error) this.known.delete(key);  // it is tried again
    for (const pane of this.panes) this.part(`name-${pane.name}`).textContent = pane.title();
    if (this.isOpen("vocabulary")) this.turn(this.page);
    this.draw();
    this.poll();
  }

  async poll() {
    if (this.polling) return;
    this.polling = true;
    for (;;) {
      const open = this.isOpen("baselines") || this.isOpen("vocabulary");
      const pane = open && this.panes.find((pane) => pane.isShown() && !pane.failed && !this.factsOf(pane));
      if (!pane) break;
      const key = pane.key(), answer = await this.ask("facts", pane.choice()).catch(() => ({ working: "connection lost: trying again", share: 0 }));
      if (answer.working) {
        this.draw({ pane, ...answer });
        await new Promise((done) => setTimeout(done, ASK_MS));
      } else {
        if (answer.counts) answer.counts = unpackNumbers(answer.counts);
        this.known.set(key, answer);
        this.draw();
        if (this.isOpen("vocabulary")) this.turn(this.page);
      }
    }
    this.polling = false;
  }

  draw(progress) {
    const shown = this.panes.filter((pane) => pane.isShown());
    const most = Math.max(...shown.map((pane) => this.factsOf(pane)?.rows?.[0].bits ?? 0));
    if (this.isOpen("baselines")) this.part("levels").innerHTML = shown.map((pane) => this.levelsHtml(pane, most, progress)).join("");
    if (!this.isOpen("vocabulary")) return;
    const curves = shown.filter((pane) => this.factsOf(pane)?.zipf).map((pane) => [pane.name, { title: pane.title(), zipf: this.factsOf(pane).zipf }]);
    this.zipf.show(Object.fromEntries(curves));
    if (!curves.length) this.part("zipf-named").textContent = progress ? `Counting: ${progress.working} …` : "Counting …";
  }

  levelsHtml(pane, most, progress) {
    const facts = this.factsOf(pane), title = escaped(pane.title());
    if (!facts) {
      const own = progress?.pane === pane ? progress : { working: "waiting for its turn", share: 0 };
      const share = Math.round(100 * own.share);
      const bar = share ? `<div class="pg-progress"><i style="width:${share}%"></i></div>` : "";
      return `<div><b>${title}</b><p class="pg-note">${escaped(own.working)}${share ? `: ${share} %` : ""} …</p>${bar}</div>`;
    }
    if (facts.error) return `<div><b>${title}</b><p class="pg-error" role="alert">${escaped(facts.error)}</p></div>`;
    const rows = facts.rows.map((row) => `<tr><th scope="row">${escaped(row.name)}<small>${escaped(row.meaning)}</small></th>
      <td class="pg-bar"><i style="width:${(100 * row.bits) / most}%"></i></td><td>${row.nats.toFixed(3)}</td><td>${row.bits.toFixed(3)}</td></tr>`);
    const warning = facts.lossless ? "" : '<p class="pg-note">This tokenizer changes or drops text, so its bits per byte flatter it.</p>';
    return `<div><table><caption>${title}: ${grouped(facts.d_vocab)} tokens, ${facts.bytes_per_token.toFixed(2)} bytes each on average</caption>
      <thead><tr><th></th><th></th><th scope="col">nats/token</th><th scope="col">bits/byte</th></tr></thead><tbody>${rows.join("")}</tbody></table>${warning}</div>`;
  }

  async turn(page) {
    const pane = this.chosen(), facts = this.factsOf(pane), query = this.part("query").value;
    const ticket = (this.ticket = (this.ticket ?? 0) + 1);
    const answer = await this.ask("vocabulary", { ...pane.choice(), query, page, counted: Boolean(facts?.counts) }).catch(() => null);
    if (ticket !== this.ticket || !answer) return;
    if (answer.error) return void (this.part("rows").innerHTML = `<p class="pg-error" role="alert">${escaped(answer.error)}</p>`);
    this.page = answer.page;
    const rows = answer.rows.map(([id, , bytes, shown, count]) => [id, shown, bytes, count === null ? "…" : grouped(count)]);
    this.part("rows").innerHTML = tableHtml(["id", "repr", "bytes", "count"], rows);
    this.part("rows").scrollTop = 0;
    this.part("page").textContent = `page ${answer.page + 1} of ${answer.pages} · ${grouped(answer.found)} of ${grouped(answer.d_vocab)} tokens`;
    this.part("earlier").disabled = answer.page === 0;
    this.part("later").disabled = answer.page + 1 >= answer.pages;
  }
}
