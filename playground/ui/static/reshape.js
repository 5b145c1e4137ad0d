// What temperature, top-k, top-p and min-p do to the distribution of the next token: pure functions on logits.
// Logits are the whole vocabulary, sorted from the most likely token down, tied tokens in id order. What a
// rule removes is therefore always the tail, and prefix sums answer any top-k and top-p without a new pass.

/** Cumulated weights this close (relative) to p have reached it: rounding must not keep one token more. */
const EXACT_SUM = 1e-12;

/** The rules by the codes in `removedBy`; 0 means that the token is kept. */
const RULES = ["", "temperature 0", "top-k", "top-p", "min-p"];

/**
 * Divide logits by a temperature over 0 and exponentiate, relative to the most likely token's weight of 1.
 * sums[i] is the weight of the first i + 1 tokens, moments[i] the sum of weight * log(weight) over them.
 */
function temper(logits, temperature) {
  const n = logits.length;
  const weights = new Float64Array(n), sums = new Float64Array(n), moments = new Float64Array(n);
  let sum = 0, moment = 0;
  for (let i = 0; i < n; i++) {
    // Relative to the largest: a tied token stays at 0, any other may reach -Infinity, whose weight is 0.
    const logWeight = (logits[i] - logits[0]) / temperature;
    const weight = Math.exp(logWeight);
    sum += weight;
    if (weight > 0) moment += weight * logWeight;
    weights[i] = weight;
    sums[i] = sum;
    moments[i] = moment;
  }
  return { weights, sums, moments };
}

/** Index of the first of the rising sums that is at least target. */
function firstReaching(sums, target) {
  let low = 0, high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] >= target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many of the falling weights, relative to the most likely token's 1, are at least minP. */
function countAtLeast(weights, minP) {
  let low = 0, high = weights.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (weights[middle] < minP) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Decide how many of the most likely tokens stay: topK 0, topP 1 and minP 0 are off, topP 0 keeps the likeliest.
 * Returns {kept, keptByTopK, keptByTopP}: from keptByTopK on tokens fell to top-k, from keptByTopP on to
 * top-p, and from kept on to min-p.
 */
function cut(tempered, topK, topP, minP) {
  const n = tempered.sums.length;
  const keptByTopK = topK > 0 && topK < n ? topK : n;
  let keptByTopP = keptByTopK;
  if (topP < 1) {
    const target = topP * tempered.sums[keptByTopK - 1] * (1 - EXACT_SUM);
    keptByTopP = Math.min(keptByTopK, firstReaching(tempered.sums, target) + 1);
  }
  const kept = minP > 0 ? Math.min(keptByTopP, countAtLeast(tempered.weights, minP)) : keptByTopP;
  return { kept, keptByTopK, keptByTopP };
}

/** Entropy in nats of the first `kept` tokens, renormalised. */
function entropyOf(tempered, kept) {
  const total = tempered.sums[kept - 1];
  return Math.max(0, Math.log(total) - tempered.moments[kept - 1] / total);
}

/** Probabilities of the first `count` tokens when only the first `kept` may be drawn. */
function probabilities(tempered, kept, count) {
  const total = tempered.sums[kept - 1];
  return Array.from({ length: count }, (_, i) => (i < kept ? tempered.weights[i] / total : 0));
}

/**
 * The view that a chart of the first `count` tokens needs.
 * `model` is temper(logits, 1); `tempered` is temper(logits, temperature), unused at temperature 0.
 */
function reshapeTop(model, tempered, temperature, topK, topP, minP, count) {
  const n = model.sums.length;
  const greedy = temperature === 0;
  const after = greedy ? model : tempered;
  const { kept, keptByTopK, keptByTopP } = greedy ? { kept: 1 } : cut(tempered, topK, topP, minP);
  const rule = (i) => (i < kept ? 0 : greedy ? 1 : i >= keptByTopK ? 2 : i >= keptByTopP ? 3 : 4);
  return {
    before: probabilities(model, n, count),
    after: probabilities(after, kept, count),
    removedBy: Array.from({ length: count }, (_, i) => rule(i)),
    kept,
    entropyBefore: entropyOf(model, n),
    entropyAfter: entropyOf(after, kept),
  };
}

/** The whole vocabulary before and after the rules; removedBy holds indices into RULES. */
function reshape(logits, temperature, topK, topP, minP = 0) {
  const model = temper(logits, 1);
  const tempered = temperature === 0 ? model : temper(logits, temperature);
  return reshapeTop(model, tempered, temperature, topK, topP, minP, logits.length);
}

/**
 * Make tokens that have occurred less likely, and put all in order again, tied ones as they stood.
 * Returns {logits, places}: the sorted logits, and where each stood before.
 */
function penalise(logits, seen, penalty) {
  const changed = Float32Array.from(logits);
  for (const i of seen) changed[i] = changed[i] < 0 ? changed[i] * penalty : changed[i] / penalty;
  const places = Uint32Array.from(logits, (_, i) => i).sort((a, b) => changed[b] - changed[a] || a - b);
  return { logits: Float32Array.from(places, (i) => changed[i]), places };
}
