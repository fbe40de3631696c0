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
};
window.callwiseReach();
window.callwiseTables.observe(document.body, { childList: true, subtree: true });
