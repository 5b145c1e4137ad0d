// What stands on the two axes. A loss is kept in nats and turned into the unit where it is drawn.

const LOSS_UNITS = {
  nats: { name: "nats", axis: "loss, nats per token", of: (loss) => loss },
  bits: {
    name: "bits/byte", axis: "loss, bits per byte",
    of: (loss, facts) => (facts.bytes_per_token ? loss / Math.LN2 / facts.bytes_per_token : NaN),
  },
  ppl: { name: "perplexity", axis: "perplexity", of: (loss) => Math.exp(Math.min(loss, 700)) },
};

const X_AXES = {
  step: { name: "steps", axis: "step", of: (places) => places.step, words: (x) => `step ${grouped(x)}` },
  tokens: { name: "tokens", axis: "tokens seen", of: (places) => places.tokens_seen, words: (x) => `${compact(x)} tokens` },
  seconds: { name: "seconds", axis: "seconds of training", of: (places) => places.elapsed_s, words: (x) => `${trimmed(x)} s` },
  flops: {
    name: "FLOPs", axis: "floating-point operations of training",
    of: (places, facts) => places.tokens_seen.map((n) => (facts.flops_per_token ? n * facts.flops_per_token : NaN)),
    words: (x) => `${compact(x)} FLOPs`,
  },
};

/** The same digits for everything in a unit: enough to tell two runs apart. */
function lossWords(loss) {
  if (!Number.isFinite(loss)) return "–";
  return loss >= 1000 ? compact(loss) : loss >= 100 ? loss.toFixed(1) : loss.toFixed(3);
}
