// Words and lists of the monitor: pure helpers, and what is written into the page as text, never as HTML.

function seconds(span) {
  const s = Math.max(0, Math.round(span));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function grouped(number) {
  return Math.round(number).toLocaleString("en");
}

const STATE_WORDS = {
  queued: "Queued", preparing: "Preparing", running: "Training", paused: "Paused",
  stopped: "Stopped", finished: "Done", failed: "Failed",
};

/** What is said beneath the status strip: what a run prepares, or why it ended. */
function messageOf(status) {
  if (status.state === "preparing" && status.phase) return `First: ${status.phase} …`;
  if (status.state === "queued") return "The training process is starting …";
  if (status.state === "failed") return status.reason || "The run failed.";
  return "";
}

/** A figure such as "step 1,200 of 1,200 · in 1 min 55 s", empty until it is known. */
function factsOf(status) {
  const active = status.state === "running" || status.state === "paused";
  return {
    step: status.total_steps ? `step ${grouped(status.step)} of ${grouped(status.total_steps)}` : "",
    speed: active && status.tokens_per_s ? `${grouped(status.tokens_per_s)} tokens/s` : "",
    left: active && status.seconds_left != null ? `${seconds(status.seconds_left)} left`
      : status.elapsed_s ? `took ${seconds(status.elapsed_s)}` : "",
  };
}

function element_(parent, tag, className, text) {
  const node = parent.appendChild(document.createElement(tag));
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Write the sentence of every line beneath the chart. */
function showLines(list, lines) {
  list.replaceChildren();
  for (const line of lines) {
    const item = element_(list, "li");
    element_(item, "i", `pg-mon-swatch pg-mon-${["floor", "uniform"].includes(line.name) ? line.name : line.kind}`);
    element_(item, "b", "", `${line.label} ${line.y.toFixed(2)}`);
    item.append(" ");
    element_(item, "span", "", line.text);
  }
}

const SAMPLE_STEPS = 12;

/** Put the completions of new steps on top; of the old ones the first and the newest stay. */
function showSamples(box, samples) {
  for (const step of new Set(samples.map((sample) => sample.step))) {
    const group = document.createElement("article");
    element_(group, "h4", "", `step ${grouped(step)}`);
    for (const sample of samples.filter((other) => other.step === step)) {
      const text = element_(group, "p");
      element_(text, "b", "", sample.prompt);
      text.append(sample.completion);
    }
    box.prepend(group);
  }
  while (box.children.length > SAMPLE_STEPS) box.children[box.children.length - 2].remove();
}
