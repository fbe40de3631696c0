// Adds to the page what Streamlit lacks. app/language/switch.py fills in LANGUAGE, TABLE and KEPT.
document.documentElement.lang = LANGUAGE;
if (KEPT) document.cookie = KEPT;
// A table wider than the screen scrolls inside its box. Tab must reach the box, so that keys can scroll it.
window.callwiseTables ??= new MutationObserver(() => window.callwiseReach());
window.callwiseReach = () => {
  for (const box of document.querySelectorAll('[data-testid="stTable"] > div')) {
    if (box.scrollWidth <= box.clientWidth || box.tabIndex === 0) continue;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", TABLE);
  }
  for (const row of document.querySelectorAll(".st-key-ranked-list tbody tr:not([tabindex])")) row.tabIndex = 0;
};
// A click on a number's copy button copies its label; the icon says that it is done.
window.callwiseCopy ??= document.addEventListener("click", (event) => {
  const button = event.target.closest('[class*="st-key-copy-"] button');
  const label = button?.querySelector('[data-testid="stMarkdownContainer"]')?.innerText.trim();
  if (!label) return;
  const done = () => {
    button.classList.add("callwise-copied");
    setTimeout(() => button.classList.remove("callwise-copied"), 1500);
  };
  if (navigator.clipboard) { navigator.clipboard.writeText(label).then(done); return; }
  // Without HTTPS there is no clipboard but by a selection.
  const field = document.body.appendChild(document.createElement("textarea"));
  field.value = label;
  field.select();
  if (document.execCommand("copy")) done();
  field.remove();
}) ?? true;
// After a choice by keyboard the keys are those of the page again, and not the field's.
window.callwiseChosen ??= document.addEventListener("keyup", (event) => {
  const field = event.target.closest?.('[data-testid="stSelectbox"] input');
  if (event.key === "Enter" && field && field.getAttribute("aria-expanded") !== "true") field.blur();
}) ?? true;
// A row of the call list finds its person in the search: who they are, and what may be done.
window.callwiseFind ??= (event) => {
  const row = event.target.closest?.(".st-key-ranked-list tbody tr");
  const field = document.querySelector(".st-key-search-text input");
  if (!row || !field || (event.type === "keydown" && event.key !== "Enter")) return;
  const details = field.closest("details");
  if (details && !details.open) details.querySelector("summary").click();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, row.cells[0].innerText.trim());
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  field.scrollIntoView({ block: "center" });
  field.focus();
};
window.callwiseRows ??= ["click", "keydown"].map((what) => document.addEventListener(what, window.callwiseFind)) && true;
window.callwiseReach();
window.callwiseTables.observe(document.body, { childList: true, subtree: true });
