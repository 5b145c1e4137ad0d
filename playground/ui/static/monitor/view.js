// How the person looks at the chart: kept in the browser, and in the address so that a link opens this view.

const VIEW_KEY = "playground-chart";
const SMOOTHINGS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const START_VIEW = { unit: "nats", x: "step", log: "", smooth: 10, hide: [], zoom: null, compare: [] };

/** Address values that are no view are passed over: anyone may type an address. */
const READ = {
  unit: (text) => (Object.hasOwn(LOSS_UNITS, text) ? text : undefined),
  x: (text) => (Object.hasOwn(X_AXES, text) ? text : undefined),
  log: (text) => (["", "x", "y", "xy"].includes(text) ? text : undefined),
  smooth: (text) => (SMOOTHINGS.includes(Number(text)) ? Number(text) : undefined),
  hide: (text) => text.split(",").filter(Boolean).slice(0, 40),
  compare: (text) => [...new Set(text.split(",").filter((name) => /^[\w.-]{1,80}$/.test(name)))].slice(0, 11),
  zoom: (text) => {
    const edges = text.split("~").map((edge) => (edge === "" ? null : Number(edge)));
    const fine = edges.length === 4 && edges.every((edge) => edge === null || Number.isFinite(edge));
    const pair = (a, b) => (a !== null && b !== null && a < b ? [a, b] : null);
    return fine ? { x: pair(edges[0], edges[1]), y: pair(edges[2], edges[3]) } : undefined;
  },
};

function zoomText(zoom) {
  if (!zoom || !(zoom.x || zoom.y)) return "";
  return [...(zoom.x ?? ["", ""]), ...(zoom.y ?? ["", ""])].map((edge) => (edge === "" ? "" : Number(edge.toPrecision(7)))).join("~");
}

const WRITE = { hide: (names) => names.join(","), compare: (names) => names.join(","), zoom: zoomText };

function viewTexts(view) {
  return Object.fromEntries(Object.keys(READ).map((key) => [key, String((WRITE[key] ?? String)(view[key]))]));
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(VIEW_KEY)) ?? {};
  } catch {
    return {}; // no storage allowed, or not ours: begin afresh
  }
}

/** The view of the address, else the one of last time, else the usual one. */
function readView() {
  const address = new URLSearchParams(location.search), before = stored();
  const view = { ...START_VIEW };
  for (const [key, read] of Object.entries(READ)) {
    const text = address.get(key) ?? before[key];
    const value = typeof text === "string" ? read(text) : undefined;
    if (value !== undefined) view[key] = value;
  }
  return view;
}

/** Keep the view; the address names the run and what differs from the usual view. */
function writeView(view, run) {
  const texts = viewTexts(view), usual = viewTexts(START_VIEW);
  try {
    localStorage.setItem(VIEW_KEY, JSON.stringify(texts));
  } catch {
    // no storage allowed: the address alone remembers
  }
  calmly(() => writeAddress(texts, usual, run));
}

function writeAddress(texts, usual, run) {
  const address = new URL(location.href);
  for (const [key, text] of Object.entries(texts)) {
    if (text === usual[key]) address.searchParams.delete(key);
    else address.searchParams.set(key, text);
  }
  if (run) address.searchParams.set("run", run);
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

const CALM_MS = 250;
let calmTimer = 0, calmAt = -CALM_MS;

/** Do something at once, but of what follows within a moment only the last: browsers take few new addresses. */
function calmly(action) {
  clearTimeout(calmTimer);
  const wait = calmAt + CALM_MS - performance.now();
  if (wait > 0) return void (calmTimer = setTimeout(() => calmly(action), wait));
  calmAt = performance.now();
  action();
}
