// A file may be dropped anywhere on the page: it goes to the upload field of the open tab. A field is
// called what is written on it.

const FIELD_WAIT_MS = 5000;
const dropping = new AbortController();

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

function mark(on) {
  document.body.classList.toggle("wm-dropping", on);
}

/** The upload field of the tab that is open. */
function dropTarget() {
  const fields = [...document.querySelectorAll(".wm-drop")];
  return fields.find((node) => node.closest(".wm-tabs > .tabitem")?.offsetParent);
}

/** Whether the field shows one recording, which a new one replaces; several get further ones. */
function showsOne(target) {
  return target.id === "wm-file" && document.querySelector(".wm-facts");
}

/** The field's input; a recording that a new one replaces is removed first. */
async function emptyInput(target) {
  const input = () => target.querySelector("input[type=file]");
  if (input() && !showsOne(target)) return input();
  target.querySelector("button[aria-label=Clear]")?.click();
  const end = performance.now() + FIELD_WAIT_MS;
  while (performance.now() < end && (!input() || document.querySelector(".wm-facts"))) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return input();
}

async function give(target, files) {
  const input = await emptyInput(target);
  if (!input) return;
  const transfer = new DataTransfer();
  for (const file of input.multiple ? files : files.slice(0, 1)) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function on(name, act, options = {}) {
  document.addEventListener(name, act, { ...options, signal: dropping.signal });
}

/** Gradio gives the field a name that its text does not contain: who speaks to a page cannot say it. */
function callAsWritten(root) {
  for (const node of root.querySelectorAll(".upload-container[aria-label]")) node.removeAttribute("aria-label");
}

export function mount() {
  on("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // else the browser opens the file, and leaves the page
    mark(true);
  }, { capture: true });
  on("dragleave", (event) => !event.relatedTarget && mark(false), { capture: true });
  on("drop", () => mark(false), { capture: true });
  on("drop", (event) => {
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    const target = dropTarget();
    if (target) give(target, [...event.dataTransfer.files]);
  });
  const drawn = new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE && node.parentNode) callAsWritten(node.parentNode);
    }
  });
  drawn.observe(document.querySelector(".wm-tabs"), { childList: true, subtree: true });
  callAsWritten(document);
}
