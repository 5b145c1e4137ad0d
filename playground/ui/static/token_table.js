// Tables of tokens: the text token by token, of which only the rows in sight are drawn, and pages of a vocabulary.

const ROW_PIXELS = 24;

function tableHtml(names, rows, above = 0, below = 0) {
  const space = (height) => (height ? `<tr style="height:${height}px"><td colspan="${names.length}"></td></tr>` : "");
  const numeric = names.map((name) => (["place", "id", "count", "here"].includes(name) ? ' class="pg-number"' : ""));
  const cells = (row) => row.map((cell, n) => `<td${numeric[n]} title="${escaped(String(cell))}">${escaped(String(cell))}</td>`);
  const idAt = names.indexOf("id");
  const body = rows.map((row) => `<tr data-id="${escaped(String(row[idAt]))}">${cells(row).join("")}</tr>`);
  const head = names.map((name, n) => `<th scope="col"${numeric[n]}>${name}</th>`);
  return `<table class="pg-rows"><thead><tr>${head.join("")}</tr></thead><tbody>${space(above)}${body.join("")}${space(below)}</tbody></table>`;
}

class TokenTable {
  constructor(box) {
    this.box = box;
    box.className = "pg-scroll";
    box.tabIndex = 0;
    box.setAttribute("aria-label", "Token by token");
    box.addEventListener("scroll", () => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.draw());
    });
  }

  show(tokens) {
    this.tokens = tokens;
    this.draw();
  }

  draw() {
    if (!this.tokens || !this.box.clientHeight) return;
    const { n_tokens, places, ids, hex, reprs, labels, counts } = this.tokens;
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PIXELS) - 10);
    const end = Math.min(n_tokens, first + Math.ceil(this.box.clientHeight / ROW_PIXELS) + 20);
    const rows = [];
    for (let i = first; i < end; i++) {
      const k = places[i];
      rows.push([i, ids[k], hex[k] ? reprs[k] : labels[k], spaced(hex[k]), counts[k]]);
    }
    this.box.innerHTML = tableHtml(["place", "id", "repr", "bytes", "here"], rows, first * ROW_PIXELS, (n_tokens - end) * ROW_PIXELS);
  }
}
