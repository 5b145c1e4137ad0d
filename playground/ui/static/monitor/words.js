// Words and numbers of the monitor: pure helpers.

function seconds(span) {
  const s = Math.max(0, Math.round(span));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function grouped(number) {
  return Math.round(number).toLocaleString("en");
}

/** A large number in few characters: 12.3k, 4.5M, 6.78e15. */
function compact(number) {
  const size = Math.abs(number);
  if (size >= 1e15) return number.toExponential(1).replace("e+", "e");
  for (const [unit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit) return `${trimmed(number / unit)}${letter}`;
  }
  return trimmed(number);
}

/** Up to three significant digits, without zeros at the end. */
function trimmed(number) {
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size >= 1000) return String(Math.round(number));
  return String(Number(number.toPrecision(size < 1e-3 ? 2 : 3)));
}

const STATE_WORDS = {
  queued: "Queued", preparing: "Preparing", running: "Training", paused: "Paused",
  stopped: "Stopped", finished: "Done", failed: "Failed",
};
const ACTIVE_STATES = ["queued", "preparing", "running", "paused"];

/** What is said beneath the status strip: what a run prepares, or why it waits or ended. */
function messageOf(status) {
  if (status.state === "preparing" && status.phase) return `First: ${status.phase} …${paceWords(status.pace)}`;
  if (status.state === "queued") return status.reason || "The training process is starting …";
  if (status.state === "failed") return status.reason || "The run failed.";
  return status.reason ?? "";
}

function paceWords(pace) {
  return pace ? ` ${Math.round(100 * pace.share)} %, ${seconds(pace.seconds_left)} left` : "";
}

/** What is said when a run has come to an end under an open page. */
function endingOf(run, status, loss) {
  const word = { finished: "is done", stopped: "was stopped", failed: "failed" }[status.state] ?? "ended";
  const at = loss == null ? "" : `, validation loss ${loss.toFixed(3)}`;
  return `${run} ${word} at step ${grouped(status.step)}${at}.`;
}

function speedOf(status) {
  const active = status.state === "running" || status.state === "paused";
  return active && status.tokens_per_s ? `${grouped(status.tokens_per_s)} tokens/s` : "";
}

function timeOf(status) {
  const active = status.state === "running" || status.state === "paused";
  if (active && status.seconds_left != null) return `${seconds(status.seconds_left)} left`;
  return status.elapsed_s ? `took ${seconds(status.elapsed_s)}` : "";
}

const PATIENCE_MS = 60000;

/** Give up on an answer after a while: of a network that went away in between, as in a nap, none ever comes. */
function inTime(answer) {
  let timer = 0;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("no answer")), PATIENCE_MS)));
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function node(parent, tag, className, text) {
  const made = parent.appendChild(document.createElement(tag));
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
