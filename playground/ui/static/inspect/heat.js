// Tokens as a heat map, with one of them held: its numbers and what was expected stand in a panel that never moves.

const WORSE_NATS = 4;  // a difference of so many nats has the strongest colour
const N_SHOWN = 10;

function unpackFloats(packed) {
  const binary = atob(packed), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

function percent(p) {
  const share = 100 * p;
  return share >= 9.95 ? `${share.toFixed(0)} %` : share >= 0.095 ? `${share.toFixed(1)} %` : share >= 0.00095 ? `${share.toFixed(3)} %` : "< 0.001 %";
}

/** A line of tokens that can be pointed at, tapped and walked through by keys; `chosen(i)` hears of each. */
class TokenLine {
  constructor(view, chosen) {
    Object.assign(this, { view, chosen, held: 0, pinned: null, cells: [] });
    view.addEventListener("pointerover", (event) => this.pointed(event, false));
    view.addEventListener("click", (event) => this.pointed(event, true));
    view.addEventListener("pointerleave", () => this.pinned !== null && this.hold(this.pinned));
    view.addEventListener("keydown", (event) => this.key(event));
  }

  show(labels, holdAt) {
    this.view.innerHTML = labels.map((label, i) => `<span class="pg-hot" data-i="${i}">${escaped(label)}</span>${label.endsWith("⏎") ? "<br>" : "<wbr>"}`).join("");
    this.cells = [...this.view.querySelectorAll(".pg-hot")];
    this.pinned = null;
    this.hold(Math.min(holdAt ?? this.held, labels.length - 1));
  }

  colour(shares) {
    this.cells.forEach((cell, i) => {
      const share = shares[i];
      cell.classList.toggle("pg-none", share === null);
      cell.classList.toggle("pg-cold", share < 0);
      cell.style.setProperty("--a", Math.min(1, Math.abs(share ?? 0)).toFixed(3));
    });
  }

  pointed(event, pin) {
    const cell = event.target.closest?.(".pg-hot");
    if (!cell) return;
    if (pin) this.pinned = Number(cell.dataset.i);
    this.hold(Number(cell.dataset.i));
  }

  key(event) {
    const last = this.cells.length - 1;
    const to = { ArrowLeft: this.held - 1, ArrowRight: this.held + 1, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.pinned = Math.min(Math.max(to, 0), last);
    this.hold(this.pinned);
    this.cells[this.held].scrollIntoView({ block: "nearest" });
  }

  hold(i) {
    this.cells[this.held]?.classList.remove("pg-held");
    this.held = Math.max(0, i);
    this.cells[this.held]?.classList.add("pg-held");
    if (this.cells.length) this.chosen(this.held);
  }
}

/** What the server answered on a text, unpacked. */
class Scores {
  constructor(answer) {
    Object.assign(this, answer);
    [this.tokens, this.top] = answer.places.map(unpackNumbers);
    this.loss = unpackFloats(answer.loss);
    this.rank = unpackNumbers(answer.rank);
    this.entropy = unpackFloats(answer.entropy);
    this.topProbability = unpackFloats(answer.top_probability);
    this.logZ = unpackFloats(answer.log_z);
    this.orders = [];
  }

  label(i) {
    return this.labels[this.tokens[i]];
  }

  /** The likeliest tokens after position i: [place in the vocabulary sent, probability]. */
  expected(i) {
    return Array.from({ length: this.n_top }, (_, k) => [this.top[i * this.n_top + k], this.topProbability[i * this.n_top + k]]);
  }
}

class HeatView {
  constructor(part) {
    this.part = part;
    this.line = new TokenLine(part("heat"), () => this.describe());
    part("colour").addEventListener("change", () => this.colour());
    this.options();
  }

  options() {
    const chosen = this.part("colour").value || "loss";
    const against = (this.scores?.orders ?? []).filter(({ name }) => name !== "unigram");
    const named = against.map(({ name }, i) => [name, `where context helps: model against ${name}${i && i === against.length - 1 ? ", the strongest count" : ""}`]);
    const all = [["loss", "loss of the model"], ["entropy", "how unsure the model was"], ...named];
    this.part("colour").innerHTML = all.map(([value, words]) => `<option value="${escaped(value)}">${escaped(words)}</option>`).join("");
    this.part("colour").value = all.some(([value]) => value === chosen) ? chosen : "loss";
  }

  show(scores) {
    const first = !this.scores;
    this.scores = scores;
    this.options();
    this.line.show(Array.from(scores.tokens, (_, i) => scores.label(i)), first ? Math.min(1, scores.tokens.length - 1) : undefined);
    this.colour();
  }

  counted(orders) {
    this.scores.orders = orders.map((order) => ({ ...order, loss: unpackFloats(order.loss) }));
    this.options();
    this.colour();
    this.describe();
  }

  colour() {
    const { scores } = this, what = this.part("colour").value;
    const order = scores.orders.find(({ name }) => name === what);
    const shares = Array.from(scores.tokens, (_, i) => {
      if (!i) return null;
      if (order) return (scores.loss[i - 1] - order.loss[i - 1]) / WORSE_NATS;
      return (what === "entropy" ? scores.entropy[i - 1] : scores.loss[i - 1]) / scores.uniform;
    });
    this.line.colour(shares);
    const ramp = (kind) => `<i class="pg-ins-ramp pg-ins-${kind}"></i>`;
    this.part("legend").innerHTML = order
      ? `${WORSE_NATS} nats better ${ramp("both")} ${WORSE_NATS} nats worse`
      : `0 ${ramp("hot")} ln ${grouped(scores.d_vocab)} = ${scores.uniform.toFixed(2)} nats, a blind guess`;
  }

  describe() {
    const { scores } = this, i = this.line.held;
    if (!scores) return;
    const head = `<p class="pg-ins-which"><code>${escaped(scores.label(i))}</code> token ${grouped(i + 1)} of ${grouped(scores.tokens.length)}, id ${scores.ids[scores.tokens[i]]}</p>`;
    if (!i) {
      const list = this.predictions(0, -1);
      this.part("detail").innerHTML = `<div>${head}<p class="pg-note">Nothing stands before the first token, so it has no loss.</p></div><div><p class="pg-ins-which">Expected after it</p>${list}</div>`;
      return;
    }
    const p = Math.exp(-scores.loss[i - 1]);
    const rows = [["model", scores.loss[i - 1], true], ...scores.orders.map(({ name, loss }) => [name, loss[i - 1], false])];
    const most = Math.max(scores.uniform, ...rows.map(([, loss]) => loss));
    const bars = rows.map(([name, loss, own]) => `<tr><th scope="row">${escaped(name)}</th><td class="pg-level"><i class="${own ? "pg-own" : ""}" style="width:${(100 * loss) / most}%"></i></td><td>${loss.toFixed(3)}</td><td>${percent(Math.exp(-loss))}</td></tr>`);
    this.part("detail").innerHTML = `<div>${head}
      <p>p = <b>${percent(p)}</b>, rank <b>${grouped(scores.rank[i - 1])}</b> of ${grouped(scores.d_vocab)}; entropy ${scores.entropy[i - 1].toFixed(3)} nats</p>
      <table class="pg-ins-table"><thead><tr><th></th><th></th><th scope="col">−ln p</th><th scope="col">p</th></tr></thead><tbody>${bars.join("")}</tbody></table></div>
      <div><p class="pg-ins-which">Expected after <code>${escaped(scores.label(i - 1))}</code></p>${this.predictions(i - 1, scores.tokens[i])}</div>`;
  }

  predictions(i, right) {
    const z = Math.exp(this.scores.logZ[i]), sum = z > 0.01 && z < 1e6 ? z.toFixed(z < 100 ? 2 : 0) : z.toExponential(2);
    const rows = this.scores.expected(i).slice(0, N_SHOWN).map(([place, p]) =>
      `<li class="${place === right ? "pg-right" : ""}"><code>${escaped(this.scores.labels[place])}</code><em>${(Math.log(p) + this.scores.logZ[i]).toFixed(2)}</em><span><i style="width:${100 * p}%"></i></span><b>${percent(p)}${place === right ? " ✓" : ""}</b></li>`);
    return `<p class="pg-ins-columns"><span>token</span><em>logit</em><span>softmax: e^logit / ${sum}</span></p><ol class="pg-ins-top">${rows.join("")}</ol>`;
  }
}
