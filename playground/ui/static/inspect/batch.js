// Two texts in one batch: the tokens with their padding, the mask, and that the padded and the unpadded result agree.

class BatchView {
  constructor(part, changed) {
    this.part = part;
    let timer = 0;
    part("second").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(changed, 200);
    });
    part("side").addEventListener("change", changed);
  }

  /** What the view adds to a request. */
  asked() {
    return { second: this.part("second").value, side: this.part("side").value };
  }

  show(answer) {
    this.part("batch").hidden = Boolean(answer.error);
    this.part("batch-note").textContent = answer.error ?? answer.notes;
    this.part("batch-note").classList.toggle("pg-error", Boolean(answer.error));
    if (answer.error) return;
    const label = (place) => `<code>${escaped(answer.labels[place])}</code>`;
    const cells = (row) => row.tokens.map((place, i) => (row.mask[i] ? `<td>${label(place)}</td>` : `<td class="pg-pad" title="${escaped(answer.labels[place])}">pad</td>`)).join("");
    const rows = answer.rows.map((row, i) => `<tr><th scope="row">text ${i + 1}</th>${cells(row)}</tr><tr class="pg-mask"><th scope="row">mask</th>${row.mask.map((real) => `<td>${real}</td>`).join("")}</tr>`);
    const grid = `<div class="pg-ins-scroll" tabindex="0" aria-label="The batch"><table class="pg-ins-table pg-ins-batch"><tbody>${rows.join("")}</tbody></table></div>`;
    const next = ({ next: found }) => found.map(([place, p]) => `<td>${label(place)} ${percent(p)}</td>`).join("");
    const loss = ({ loss: found }) => found.map((nats) => `<td>${nats === null ? "–" : nats.toFixed(4)}</td>`).join("");
    const ways = answer.ways.map((way) => `<tr><th scope="row">${way.name}</th>${next(way)}${loss(way)}<td>${way.difference === 0 ? "0" : way.difference.toExponential(1)}</td></tr>`);
    const agree = answer.ways[1].difference < 1e-3, exactly = answer.ways[1].difference === 0;
    const said = agree
      ? exactly ? "Padded and unpadded agree exactly." : `Padded and unpadded agree: no logit differs by more than ${answer.ways[1].difference.toExponential(1)}, as far as float32 goes.`
      : `Padded and unpadded differ by ${answer.ways[1].difference.toExponential(1)}: this model does not leave its padding out.`;
    this.part("batch").innerHTML = `${grid}<p class="pg-ins-which ${agree ? "pg-good" : ""}" data-testid="inspect-agree">${said}</p>
      <div class="pg-ins-scroll"><table class="pg-ins-table pg-ins-ways"><thead><tr><th></th><th scope="col" colspan="2">most likely after text 1, text 2</th><th scope="col" colspan="2">cross entropy of text 1, text 2</th><th scope="col">largest difference of a logit</th></tr></thead><tbody>${ways.join("")}</tbody></table></div>`;
  }
}
