// The state of the tab in the page's address, so that a link shows the same.

const LONGEST_LINKED = 1500;  // characters; a longer text stays out of the address

/** What the address asks for, null where it is not about this tab. */
function opened() {
  const said = new URL(location.href).searchParams;
  if (said.get("tab") !== "inspect") return null;
  const step = Number.parseInt(said.get("inspect_step") ?? "", 10);
  return { run: said.get("inspect_run") ?? "", step: Number.isNaN(step) ? null : step, view: said.get("view") ?? "", text: said.get("text") };
}

function remember(state, text) {
  const url = new URL(location.href), isShown = document.querySelector('#tabs button[role="tab"][aria-selected="true"]')?.textContent.trim() === "Inspect";
  if (!isShown || !state.run) return;
  const values = { tab: "inspect", inspect_run: state.run, inspect_step: state.step ?? "", view: state.view, text: text.length > LONGEST_LINKED ? null : text };
  for (const [name, value] of Object.entries(values)) value === null ? url.searchParams.delete(name) : url.searchParams.set(name, value);
  history.replaceState(history.state, "", url);
}
