// The text's totals in three units, and the course's table: what is read, and what is then most likely.

function totalsHtml(scores, working) {
  const perByte = scores.totals?.bits_per_byte ? scores.totals.bits_per_byte / scores.totals.nats : null;
  const uniform = { nats: scores.uniform, bits_per_byte: perByte && perByte * scores.uniform, perplexity: scores.d_vocab };
  const rows = [["uniform", uniform], ...scores.orders.map(({ name, totals }) => [name, totals]), ["model", scores.totals]];
  if (!scores.totals) return "";
  const number = (x) => (x === null ? "–" : x >= 1000 ? grouped(Math.round(x)) : x.toFixed(x >= 100 ? 1 : 3));
  const body = rows.map(([name, { nats, bits_per_byte: bits, perplexity }]) =>
    `<tr class="${name === "model" ? "pg-own-row" : ""}"><th scope="row">${escaped(name)}</th><td>${number(nats)}</td><td>${number(bits)}</td><td>${number(perplexity)}</td></tr>`);
  const note = working ? `<p class="pg-note">${escaped(working)}</p>` : "";
  return `<table class="pg-ins-table"><caption>This text, on average</caption><thead><tr><th></th><th scope="col">nats a token</th><th scope="col">bits a byte</th>
    <th scope="col">perplexity</th></tr></thead><tbody>${body.join("")}</tbody></table>${note}`;
}

function nextHtml(scores) {
  const rows = Array.from(scores.tokens, (token, i) => {
    const [[place, p]] = scores.expected(i), isRight = scores.tokens[i + 1] === place;
    const follows = i + 1 < scores.tokens.length ? `<code>${escaped(scores.label(i + 1))}</code>` : "–";
    return `<tr><td>${grouped(i + 1)}</td><td><code>${escaped(scores.labels[token])}</code></td><td class="${isRight ? "pg-right" : ""}"><code>${escaped(scores.labels[place])}</code></td><td>${percent(p)}</td><td>${follows}</td></tr>`;
  });
  const right = Array.from(scores.tokens).filter((_, i) => i && scores.tokens[i] === scores.expected(i - 1)[0][0]).length;
  const of = scores.tokens.length - 1;
  const caption = of ? `<caption>The likeliest token was right ${grouped(right)} times of ${grouped(of)} (${percent(right / of)})</caption>` : "";
  return `<table class="pg-ins-table pg-ins-next">${caption}<thead><tr><th scope="col">position</th><th scope="col">input token</th><th scope="col">most likely next</th><th scope="col">probability</th>
    <th scope="col">next in the text</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}
