// The training loss of a run as buckets of logged steps: each with its mean, its lowest and its highest value.
// Where a bucket is one step the three are the same; old steps share buckets so that memory stays bounded.

const MOST_BUCKETS = 3000, AIM_BUCKETS = 1200, FINE_SHARE = 80;
const PLACES = ["step", "tokens_seen", "elapsed_s"];
const TRAIN_KEYS = [...PLACES, "n", "mean", "low", "high"];

function emptyTrain() {
  return Object.fromEntries(TRAIN_KEYS.map((key) => [key, []]));
}

/** Append the columns of an answer to those that are there; a key that is new has nulls before. */
function appendColumns(columns, more) {
  const before = columns.step.length, added = more.step.length;
  for (const key of Object.keys(more)) columns[key] ??= Array(before).fill(null);
  for (const key of Object.keys(columns)) {
    columns[key] = columns[key].concat(more[key] ?? Array(added).fill(null));
  }
}

/** Join neighbouring buckets until there are about AIM_BUCKETS: fine at the start, alike from there on. */
function joinBuckets(train) {
  const total = train.n.reduce((sum, n) => sum + n, 0);
  const widest = Math.ceil(total / AIM_BUCKETS);
  const joined = emptyTrain();
  let before = 0, last = -1;
  for (let i = 0; i < train.n.length; i++) {
    const allowed = Math.max(1, Math.min(widest, Math.floor(before / FINE_SHARE)));
    if (last >= 0 && joined.n[last] + train.n[i] <= allowed) {
      const n = joined.n[last] + train.n[i];
      joined.mean[last] += ((train.mean[i] - joined.mean[last]) * train.n[i]) / n;
      joined.low[last] = Math.min(joined.low[last], train.low[i]);
      joined.high[last] = Math.max(joined.high[last], train.high[i]);
      joined.n[last] = n;
      for (const key of PLACES) joined[key][last] = train[key][i];
    } else {
      if (last >= 0) before += joined.n[last];
      for (const key of TRAIN_KEYS) joined[key].push(train[key][i]);
      last++;
    }
  }
  return joined;
}

/** Every other point of columns that are not buckets, the newest always. */
function halved(columns) {
  const last = columns.step.length - 1;
  const keep = (_, i) => (last - i) % 2 === 0;
  return Object.fromEntries(Object.entries(columns).map(([key, values]) => [key, values.filter(keep)]));
}

/** The debiased exponential average over about `steps` logged steps, at each bucket; 1 is the mean itself. */
function smoothed(train, steps) {
  if (steps <= 1) return train.mean;
  const keepOne = 1 - 1 / steps;
  let total = 0, weight = 0;
  return train.mean.map((mean, i) => {
    const keep = keepOne ** train.n[i];
    total = keep * total + (1 - keep) * mean;
    weight = keep * weight + (1 - keep);
    return total / weight;
  });
}

/** Index of the last of the rising values that is at most x, -1 if none. Nulls count as the value before. */
function lastAtMost(values, x) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the value nearest to x among rising ones, -1 if there is none. */
function nearest(values, x) {
  const below = lastAtMost(values, x);
  if (below < 0) return values.length ? 0 : -1;
  if (below + 1 < values.length && values[below + 1] - x < x - values[below]) return below + 1;
  return below;
}

/** After a pause as long as this, as of a laptop that was closed, a run is asked for anew: what is new of it would
 * be told as that of a second, in a few points. */
const SLEPT_MS = 180000;

/** Everything that is known of one run: what a page holds, and the cursors it sends back. */
class Run {
  constructor(name) {
    this.name = name;
    this.reset();
  }

  reset() {
    Object.assign(this, {
      epoch: null, answered: 0, metrics_byte: 0, samples_byte: 0, status: null, error: "", due: 0, hasSamples: false,
      facts: {}, lines: [], crossings: [], events: [], notes: [], train: emptyTrain(),
      small: { step: [], tokens_seen: [], elapsed_s: [] },
      val: { step: [], tokens_seen: [], elapsed_s: [], val_loss: [] }, sampleSteps: [],
    });
  }

  get active() {
    return !this.status || ACTIVE_STATES.includes(this.status.state);
  }

  get valLoss() {
    return this.val.val_loss[this.val.val_loss.length - 1] ?? null;
  }

  /** What to ask for: everything new, completions and notes where the page shows them. */
  request(samples, notes) {
    const { name, metrics_byte, samples_byte } = this;
    const slept = Math.abs(Date.now() - this.answered) > SLEPT_MS; // by the clock on the wall, which goes on in a nap
    const epoch = slept ? null : this.epoch;
    const anew = samples && !this.hasSamples ? { samples_byte: 0 } : {};
    return {
      run: name, samples, notes, epoch, metrics_byte, samples_byte, ...anew,
      n_lines: this.lines.length, n_crossings: this.crossings.length, n_events: this.events.length,
    };
  }

  /** Take in an answer of the server; returns whether there is anything to draw anew. */
  take(answer) {
    if (answer.opening) this.reset();
    const { epoch, metrics_byte, status } = answer;
    const changed = answer.opening || answer.train || answer.val
      || answer.lines || answer.crossings || answer.events || status.total_steps !== this.status?.total_steps;
    Object.assign(this, { epoch, metrics_byte, status, error: "", answered: Date.now() });
    for (const key of ["facts", "lines", "crossings", "events", "notes"]) {
      if (answer[key]) this[key] = answer[key];
    }
    for (const key of ["train", "small", "val"]) {
      if (answer[key]) appendColumns(this[key], answer[key]);
    }
    if (this.train.n.length > MOST_BUCKETS) this.train = joinBuckets(this.train);
    for (const key of ["small", "val"]) {
      if (this[key].step.length > MOST_BUCKETS / 2) this[key] = halved(this[key]);
    }
    if (answer.sample_steps) {
      this.samples_byte = answer.samples_byte;
      this.sampleSteps = [...new Set([...this.sampleSteps, ...answer.sample_steps])].sort((a, b) => a - b);
      this.hasSamples = true;
    }
    return Boolean(changed);
  }

  /** Where a step stands on an x axis, by the nearest logged step. */
  placeOf(step, axis) {
    if (axis === "step") return step;
    const places = this.train.step.length ? this.train : this.val;
    const at = nearest(places.step, step);
    return at < 0 ? NaN : X_AXES[axis].of(Object.fromEntries(PLACES.map((key) => [key, [places[key][at]]])), this.facts)[0];
  }
}
