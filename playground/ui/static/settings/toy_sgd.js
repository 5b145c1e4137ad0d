// SGD on the mean of n squares, worked out in the browser: the gradient of mean w² is 2 w / n, and the rate at
// step t is lr / √(t + 1), so each step multiplies every weight by 1 - 2 lr / (n √(t + 1)).

const TOY_N = 100, TOY_STEPS = 10, TOY_START = 5;

function toyWeights(lr, n = TOY_N, steps = TOY_STEPS, start = TOY_START) {
  const weights = [start];
  for (let t = 0; t < steps; t++) weights.push(weights[t] * (1 - (2 * lr) / (n * Math.sqrt(t + 1))));
  return weights;
}

function toyVerdict(lr) {
  const losses = toyWeights(lr).map((w) => w * w), [first, last] = [losses[0], losses.at(-1)];
  if (last > first) return "It diverges: the first steps jump over the bottom and land higher on the other side.";
  if (last < 1e-8 * first) return "It is at the bottom at once: a step takes away just about all of the weight.";
  if (last < 0.5 * first) return "It decays fast.";
  return "It decays slowly: the steps are too small to get anywhere soon.";
}
