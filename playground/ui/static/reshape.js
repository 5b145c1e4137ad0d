// What temperature, top-k and top-p do to the distribution of the next token: pure functions on logits.
// Logits are the whole vocabulary, sorted from the most likely token down, tied tokens in id order. What a
// rule removes is therefore always the tail, and prefix sums answer any top-k and top-p without a new pass.

/** Cumulated weights this close (relative) to p have reached it: rounding must not keep one token more. */
const EXACT_SUM = 1e-12;

/** The rules by the codes in `removedBy`; 0 means that the token is kept. */
const RULES = ["", "temperature 0", "top-k", "top-p"];

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

/**
 * Decide how many of the most likely tokens stay: topK 0 and topP 1 are off, topP 0 keeps the most likely.
 * Returns {kept, keptByTopK}: tokens from keptByTopK on fell to top-k, those from kept on to top-p.
 */
function cut(tempered, topK, topP) {
  const n = tempered.sums.length;
  const keptByTopK = topK > 0 && topK < n ? topK : n;
  if (topP >= 1) return { kept: keptByTopK, keptByTopK };
  const target = topP * tempered.sums[keptByTopK - 1] * (1 - EXACT_SUM);
  return { kept: Math.min(keptByTopK, firstReaching(tempered.sums, target) + 1), keptByTopK };
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
function reshapeTop(model, tempered, temperature, topK, topP, count) {
  const n = model.sums.length;
  const greedy = temperature === 0;
  const after = greedy ? model : tempered;
  const { kept, keptByTopK } = greedy ? { kept: 1, keptByTopK: n } : cut(tempered, topK, topP);
  const rule = (i) => (i < kept ? 0 : greedy ? 1 : i < keptByTopK ? 3 : 2);
  return {
    before: probabilities(model, n, count),
    after: probabilities(after, kept, count),
    removedBy: Array.from({ length: count }, (_, i) => rule(i)),
    kept,
    entropyBefore: entropyOf(model, n),
    entropyAfter: entropyOf(after, kept),
  };
}

/** The whole vocabulary before and after temperature, top-k and top-p; removedBy holds indices into RULES. */
function reshape(logits, temperature, topK, topP) {
  const model = temper(logits, 1);
  const tempered = temperature === 0 ? model : temper(logits, temperature);
  return reshapeTop(model, tempered, temperature, topK, topP, logits.length);
}
