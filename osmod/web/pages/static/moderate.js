// Keys, a range dragged over the histogram, and a part of the text selected to be tagged. All of it can be done without.
(() => {
  const KEYS = new Set(["a", "r", "d", "h", "u", "j", "k"]);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, dialog")) return;
    if (event.key === "?") {
      event.preventDefault();
      document.getElementById("keys").showModal();
      return;
    }
    if (!KEYS.has(event.key)) return;
    const target = document.querySelector(`[data-key="${event.key}"]`);
    if (!target) return;
    event.preventDefault();
    if (performance.now() > unread) target.click();
  });

  // What others did to the comment while it is open is to be seen before a key does anything to it.
  const marked = () => document.querySelector("#item [data-mark]")?.dataset.mark;
  let [mark, unread] = [marked(), 0];
  document.addEventListener("fragment", () => {
    if (marked() !== mark) [mark, unread] = [marked(), performance.now() + 1000];
  });

  // A form is sent once: the server would take the second for the same, but its answer would come too late.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post" || event.target.id === "begin") return;
    if (event.target.dataset.sent) return event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // Whoever looks at a comment that nobody is at, is at it. A page that a browser opens ahead of its reader is hidden.
  function begin() {
    if (!document.hidden) document.getElementById("begin")?.requestSubmit();
  }
  document.addEventListener("fragment", begin);
  document.addEventListener("visibilitychange", begin);
  addEventListener("load", begin);

  // The histogram.
  let from = null;
  const bounds = (svg, x) => {
    const box = svg.getBoundingClientRect();
    return Math.min(1, Math.max(0, (x - box.left) / box.width));
  };
  const rounded = (score) => Math.round(score * 100) / 100;
  function show(svg, lower, upper) {
    const chosen = svg.querySelector(".chosen");
    chosen.setAttribute("x", 1000 * lower);
    chosen.setAttribute("width", 1000 * (upper - lower));
    document.getElementById("lower").value = lower;
    document.getElementById("upper").value = upper;
  }
  document.addEventListener("pointerdown", (event) => {
    const svg = event.target.closest("svg.spread");
    if (!svg || event.button !== 0) return;
    from = { svg, score: bounds(svg, event.clientX) };
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  const range = (event) => {
    const to = bounds(from.svg, event.clientX);
    return [rounded(Math.min(from.score, to)), rounded(Math.max(from.score, to))];
  };
  document.addEventListener("pointermove", (event) => {
    if (from) show(from.svg, ...range(event));
  });
  document.addEventListener("pointerup", (event) => {
    if (!from) return;
    const svg = from.svg;
    let [lower, upper] = range(event);
    from = null;
    if (upper - lower < 0.01) {
      // A click chooses the bar that is under it.
      lower = Math.min(Math.floor(lower * 20) / 20, 0.95);
      upper = rounded(lower + 0.05);
    }
    show(svg, lower, upper);
    document.getElementById("choose").requestSubmit();
  });
  document.addEventListener("pointercancel", () => (from = null));

  // Radio buttons and lists of the filter take effect at once.
  document.addEventListener("change", (event) => {
    if (event.target.form?.id === "choose" && event.target.matches("select, [type=radio]")) event.target.form.requestSubmit();
  });

  // A selection becomes the span to be tagged, in the units of JavaScript's strings, which are the server's, too.
  function place(text, node, offset) {
    const before = document.createRange();
    before.setStart(text, 0);
    before.setEnd(node, offset);
    const copy = before.cloneContents();
    for (const label of copy.querySelectorAll(".tagged")) label.remove();
    return copy.textContent.length;
  }
  document.addEventListener("selectionchange", () => {
    const selection = getSelection();
    const text = document.getElementById("text");
    if (!text || selection.isCollapsed || !selection.rangeCount) return;
    const one = selection.getRangeAt(0);
    if (!text.contains(one.startContainer) || !text.contains(one.endContainer)) return;
    const start = place(text, one.startContainer, one.startOffset);
    const end = place(text, one.endContainer, one.endOffset);
    if (start >= end) return;
    document.getElementById("tagging").open = true;
    document.getElementById("start").value = start;
    document.getElementById("end").value = end;
  });
})();
