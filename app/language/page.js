// What a page needs and Streamlit does not give it. Filled in by app/language/switch.py: LANGUAGE, TABLE, KEPT.
document.documentElement.lang = LANGUAGE;
if (KEPT) document.cookie = KEPT;
// A table that is wider than the screen scrolls by itself; so that keys can scroll it, Tab has to get there.
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
