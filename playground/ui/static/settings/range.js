// The learning-rate range test: Python runs it and draws the curve; this asks how it goes, and can end it.

const RANGE_MS = 500;
const find = part("find-rate"), told = part("range");
let running = "";

async function findRate() {
  const token = running = Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
  find.textContent = "Cancel the test";
  state.range = token;
  publish();
  await wait(100);
  trigger("click");
  for (;;) {
    const answer = await server.range_look(token).then(JSON.parse).catch(() => null);
    if (answer) draw(answer.html);
    if (answer?.over || !root.isConnected) break;
    await wait(RANGE_MS);
  }
  running = "";
  find.textContent = "Find a learning rate";
}

function draw(html) {
  if (told.innerHTML !== html) told.innerHTML = html;
}

function wait(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

find.addEventListener("click", () => (running ? server.range_cancel(running) : findRate()));
