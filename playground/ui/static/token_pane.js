// One tokenizer's view of the text. What is out of sight is drawn when it comes near; the element itself lasts.

const NEAR_PIXELS = 500, LINE_PIXELS = 28, CHARACTER_PIXELS = 9.2;

class TokenView {
  constructor(pane, corpusCount) {
    this.pane = pane;
    this.part = (name) => pane.querySelector(`[data-part="${name}"]`);
    this.view = this.part("view");
    this.corpusCount = corpusCount;
    this.tokens = null;
    this.held = this.lit = null;
    this.sheet = pane.appendChild(document.createElement("style"));
    this.near = new IntersectionObserver((seen) => {
      for (const entry of seen) if (entry.isIntersecting) this.fill(entry.target);
    }, { root: this.view, rootMargin: `${NEAR_PIXELS}px 0px` });
    this.listen();
  }

  listen() {
    const idOf = (event) => event.target.closest?.(".pg-tok")?.dataset.id;
    this.view.addEventListener("pointerover", (event) => {
      const id = idOf(event);
      if (id !== undefined) this.light(Number(id));
    });
    this.view.addEventListener("pointerleave", () => this.light(this.held));
    this.view.addEventListener("click", (event) => {
      const id = idOf(event);
      this.hold(id === undefined || Number(id) === this.held ? null : Number(id));
    });
    this.view.addEventListener("keydown", (event) => this.key(event));
    this.view.addEventListener("focus", () => { if (this.lit === null && this.view.matches(":focus-visible")) this.go(0); });
    this.view.addEventListener("blur", () => this.light(this.held));
  }

  show(tokens) {
    this.tokens = tokens;
    this.cursor = null;
    const top = this.view.scrollTop, columns = Math.max(10, this.view.clientWidth / CHARACTER_PIXELS);
    this.near.disconnect();
    this.chunks = tokens.cutIntoChunks(columns).map((chunk) => {
      const node = document.createElement("div");
      node.__chunk = chunk;
      node.style.minHeight = `${chunk.lines * LINE_PIXELS}px`;
      return node;
    });
    this.fillFrom(top);
    this.view.replaceChildren(...this.chunks);
    this.view.scrollTop = top;
    for (const node of this.chunks) if (node.__chunk) this.near.observe(node);
    if (this.held !== null && !tokens.entryOf.has(this.held)) this.held = null;
    this.light(this.held);
  }

  /** Draw at once what is in sight, so that nothing flickers while a person types. */
  fillFrom(top) {
    const bottom = top + this.view.clientHeight;
    let height = 0;
    for (const node of this.chunks) {
      const own = (node.__chunk?.lines ?? 0) * LINE_PIXELS;
      if (height + own > top && height < bottom) this.fill(node);
      height += own;
    }
  }

  fill(node) {
    if (!node.__chunk) return;
    node.innerHTML = this.tokens.html(node.__chunk);
    node.__chunk = null;
    node.style.minHeight = "";
    this.near.unobserve(node);
  }

  hold(id) {
    this.held = id;
    this.light(id);
  }

  /** Light up every place of an id by one rule: what is drawn later is lit too. */
  light(id) {
    const changed = id !== this.lit;
    this.lit = id;
    this.part("info").textContent = id === null || !this.tokens ? "" : this.tokens.describe(id, this.corpusCount(id));
    if (changed) {
      const scope = `[data-pane="${this.pane.dataset.pane}"] .pg-tok[data-id="${id}"]`;
      this.sheet.textContent = id === null ? "" : `${scope} { background: var(--body-text-color) !important;
        color: var(--body-background-fill) !important; box-shadow: 0 0 0 2px var(--slider-color); }`;
    }
    this.drawTicks();
  }

  /** Marks beside the scroll bar, for the places that are out of sight. */
  drawTicks() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const canvas = this.part("ticks"), height = (canvas.height = canvas.clientHeight || 1);
      const entry = this.tokens?.entryOf.get(this.lit);
      if (entry === undefined || !this.chunks) return;
      const context = canvas.getContext("2d"), whole = Math.max(this.view.scrollHeight, 1);
      context.fillStyle = getComputedStyle(this.pane).getPropertyValue("--slider-color") || "#555";
      this.tokens.chunks.forEach(({ first, end }, n) => {
        const { offsetTop, offsetHeight } = this.chunks[n];
        const top = offsetTop - this.view.offsetTop;
        for (let i = first; i < end; i++) {
          if (this.tokens.places[i] !== entry) continue;
          const y = (top + (offsetHeight * (i - first)) / (end - first)) / whole;
          context.fillRect(1, Math.round(y * (height - 2)), 8, 2);
        }
      });
    });
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.go(Math.max(0, Math.min(this.tokens.n_tokens - 1, (this.cursor ?? (step > 0 ? -1 : 0)) + step)));
    } else if (event.key === "Enter") this.hold(this.lit === this.held ? null : this.lit);
    else if (event.key === "Escape") this.hold(null);
  }

  /** Go to a token by its place in the text, and bring it into sight. */
  go(place) {
    if (!this.tokens?.n_tokens) return;
    this.cursor = place;
    const n = this.tokens.chunks.findIndex(({ end }) => place < end);
    this.fill(this.chunks[n]);
    const cell = this.chunks[n].querySelectorAll(".pg-tok")[place - this.tokens.chunks[n].first];
    cell.scrollIntoView({ block: "nearest" });
    this.light(Number(cell.dataset.id));
  }
}
