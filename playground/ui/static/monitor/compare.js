// The choice of runs to lay over the one that is shown.

class Compare {
  constructor(menu, server, changed) {
    Object.assign(this, { menu, server, changed, shown: "", chosen: [], listed: [] });
    this.search = menu.querySelector("input");
    this.list = menu.querySelector("ul");
    this.search.addEventListener("input", () => this.fill());
    menu.addEventListener("toggle", () => menu.open && this.open());
  }

  set(shown, chosen) {
    Object.assign(this, { shown, chosen });
    setText(this.menu.querySelector("summary"), chosen.length ? `Compare (${chosen.length})` : "Compare");
    if (this.menu.open) this.fill();
  }

  async open() {
    this.search.value = "";
    try {
      this.listed = await this.server.run_list({});
    } catch {
      this.listed = []; // the poll says that the connection is lost
    }
    this.fill();
  }

  fill() {
    const words = this.search.value.toLowerCase();
    this.list.replaceChildren();
    for (const { name, label } of this.listed) {
      if (name === this.shown || !label.toLowerCase().includes(words)) continue;
      const line = node(node(this.list, "li"), "label"), box = node(line, "input");
      Object.assign(box, { type: "checkbox", checked: this.chosen.includes(name) });
      box.disabled = !box.checked && this.chosen.length >= 11;
      box.addEventListener("change", () => {
        const others = this.chosen.filter((other) => other !== name);
        this.changed(box.checked ? [...others, name] : others);
      });
      line.append(label);
    }
    if (!this.list.children.length) node(this.list, "li", "", "There is no other run to compare with.");
  }
}
