// Cross entropy, by hand: three logits that can be dragged, their softmax, and the loss. No server.

const WORDS = ["mat", "moon", "sofa"];
const CURVE = { width: 300, height: 150, most: 5, left: 34, right: 8, top: 8, bottom: 26 };

function softmax(logits) {
  const most = Math.max(...logits), weights = logits.map((x) => Math.exp(x - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

class ByHand {
  constructor(root) {
    Object.assign(this, { root, logits: [2, 1, 0], right: 0, d_vocab: 0 });
    root.innerHTML = `
      <div>
        <p>“The cat sat on the …” — a vocabulary of three. Drag the logits; choose which token is right. Softmax: p = e<sup>z</sup> / Σ e<sup>z</sup>.</p>
        <table class="pg-ins-table pg-ins-logits"><thead><tr><th scope="col">right</th><th scope="col">token</th><th scope="col" colspan="2">logit z</th><th scope="col">e<sup>z</sup></th><th scope="col">softmax p</th></tr></thead><tbody>
        ${WORDS.map((word, i) => `<tr><td><input type="radio" name="pg-hand-right" value="${i}" aria-label="${word} is right"${i ? "" : " checked"}></td><th scope="row">${word}</th>
          <td><input type="range" min="-5" max="5" step="0.1" data-logit="${i}" aria-label="logit of ${word}"></td><td data-out="z${i}"></td><td data-out="e${i}"></td>
          <td class="pg-level"><i data-out="bar${i}"></i><span data-out="p${i}"></span></td></tr>`).join("")}</tbody></table>
        <p class="pg-ins-loss">loss = −ln p(<span data-out="word"></span>) = −ln <span data-out="p"></span> = <b data-out="loss" data-testid="hand-loss"></b> nats</p>
        <div class="pg-ins-bar"><button type="button" data-set="0,0,0">All equal</button><button type="button" data-set="5,-5,-5">Sure</button><button type="button" data-set="2,1,0">As at first</button></div>
      </div>
      <div>
        ${curveHtml()}
        <p><b>Why it can’t be negative.</b> A probability is at most 1, and ln 1 = 0: the loss is 0 only for a certain, right answer, and grows without end as p falls to 0.</p>
        <p><b>What ln V means.</b> Equal logits give each of V tokens p = 1/V, so the loss is −ln(1/V) = ln V, whichever is right: ln 3 = 1.099 here<span data-out="lnv"></span>. That is where training starts.</p>
      </div>`;
    root.addEventListener("input", () => this.read());
    root.addEventListener("click", (event) => {
      const set = event.target.closest("[data-set]")?.dataset.set;
      if (set) { this.logits = set.split(",").map(Number); this.draw(); }
    });
    this.draw();
  }

  out(name) {
    return this.root.querySelector(`[data-out="${name}"]`);
  }

  read() {
    this.logits = [...this.root.querySelectorAll("[data-logit]")].map((input) => Number(input.value));
    this.right = Number(this.root.querySelector("[name=pg-hand-right]:checked").value);
    this.draw();
  }

  /** The model that is inspected has a vocabulary of its own. */
  vocabulary(d_vocab) {
    this.out("lnv").textContent = `, and for this run’s ${grouped(d_vocab)} tokens ln ${grouped(d_vocab)} = ${Math.log(d_vocab).toFixed(3)}`;
  }

  draw() {
    const probabilities = softmax(this.logits), p = probabilities[this.right], loss = Math.max(0, -Math.log(p));
    probabilities.forEach((share, i) => {
      this.root.querySelector(`[data-logit="${i}"]`).value = this.logits[i];
      this.out(`z${i}`).textContent = this.logits[i].toFixed(1);
      this.out(`e${i}`).textContent = Math.exp(this.logits[i]).toFixed(this.logits[i] > 3 ? 1 : 3);
      this.out(`bar${i}`).style.width = `${60 * share}%`;
      this.out(`p${i}`).textContent = share.toFixed(3);
      this.out(`bar${i}`).classList.toggle("pg-own", i === this.right);
    });
    this.out("word").textContent = WORDS[this.right];
    this.out("p").textContent = p.toFixed(3);
    this.out("loss").textContent = loss.toFixed(3);
    const dot = this.out("dot");
    dot.setAttribute("cx", curveX(p));
    dot.setAttribute("cy", curveY(Math.min(loss, CURVE.most)));
  }
}

function curveX(p) {
  return CURVE.left + p * (CURVE.width - CURVE.left - CURVE.right);
}

function curveY(loss) {
  return CURVE.top + (1 - loss / CURVE.most) * (CURVE.height - CURVE.top - CURVE.bottom);
}

function curveHtml() {
  const points = Array.from({ length: 200 }, (_, k) => Math.exp(-CURVE.most * (1 - k / 199)));
  const path = points.map((p) => `${curveX(p).toFixed(1)},${curveY(-Math.log(p)).toFixed(1)}`).join(" ");
  const guess = curveY(Math.log(3));
  return `<svg class="pg-ins-curve" viewBox="0 0 ${CURVE.width} ${CURVE.height}" role="img" aria-label="Loss against the probability of the right token">
    <line class="pg-axis" x1="${curveX(0)}" x2="${curveX(1)}" y1="${curveY(0)}" y2="${curveY(0)}"></line><line class="pg-axis" x1="${curveX(0)}" x2="${curveX(0)}" y1="${curveY(0)}" y2="${curveY(CURVE.most)}"></line>
    <line class="pg-slope" x1="${curveX(0)}" x2="${curveX(1)}" y1="${guess}" y2="${guess}"></line><text x="${curveX(1)}" y="${guess - 4}" text-anchor="end">ln 3: a guess</text>
    <polyline points="${path}"></polyline><circle data-out="dot" r="5"></circle>
    <text x="${curveX(0)}" y="${CURVE.height - 8}">0</text><text x="${curveX(1)}" y="${CURVE.height - 8}" text-anchor="end">p = 1</text>
    <text x="${curveX(0) - 4}" y="${curveY(0) + 4}" text-anchor="end">0</text><text x="${curveX(0) - 4}" y="${curveY(CURVE.most) + 8}" text-anchor="end">${CURVE.most}</text><text x="${curveX(0) + 6}" y="${curveY(CURVE.most) + 8}">−ln p</text></svg>`;
}
