// Keeps the fragments of the page up to date. One stream tells of all of them; it is closed while nobody looks, as a
// browser has only six connections to a server.
(() => {
  const address = document.body.dataset.live;
  const pulse = document.getElementById("pulse");
  if (!address) return;

  const held = new Map();
  let source = null;

  function open() {
    if (source || document.hidden) return;
    const url = new URL(address, location.href);
    for (const element of document.querySelectorAll("section.live"))
      url.searchParams.append("have", `${element.id}.${element.dataset.version}`);
    source = new EventSource(url);
    source.onopen = () => show("on", "This page is kept up to date");
    source.onerror = failed;
    source.addEventListener("fragment", (event) => take(JSON.parse(event.data)));
    source.addEventListener("over", () => {
      close();
      askForSession();
    });
  }

  function close() {
    source?.close();
    source = null;
  }

  // The browser asks again by itself, unless it was refused.
  function failed() {
    show("off", "The server cannot be reached; trying again");
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    askForSession();
    setTimeout(open, 3000);
  }

  // If the session is over, the answer is the form to sign in.
  function askForSession() {
    htmx.ajax("GET", "/ui/session", { target: "#dialog", swap: "innerHTML" });
  }

  function show(state, words) {
    if (!pulse) return;
    pulse.dataset.state = state;
    pulse.title = words;
    pulse.textContent = state === "off" ? "not live" : "";
  }

  function take(told) {
    const element = document.getElementById(told.name);
    if (!element) return;
    if (isUsed(element)) held.set(told.name, told);
    else put(element, told);
  }

  // What is being selected, typed, chosen or pressed in stays until that is over.
  let pressed = null;
  function isUsed(element) {
    if (pressed && element.contains(pressed)) return true;
    const active = document.activeElement;
    if (element.contains(active) && active.matches("input:not([type=checkbox]), select, textarea")) return true;
    if (element.querySelector("dialog[open]")) return true;
    const selection = getSelection();
    return !selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(element);
  }

  function put(element, told) {
    held.delete(told.name);
    const kept = keep(element);
    element.innerHTML = told.html;
    element.dataset.version = told.version;
    htmx.process(element);
    kept();
    element.dispatchEvent(new CustomEvent("fragment", { bubbles: true }));
  }

  // Boxes that are ticked, what was typed or chosen, details that are open, how far it is scrolled, and what has the focus.
  function keep(element) {
    const ticked = new Set([...element.querySelectorAll("input:checked")].map((one) => `${one.name}=${one.value}`));
    const typed = [...element.querySelectorAll("select, textarea, input:not([type=hidden], [type=checkbox], [type=radio])")]
      .filter((one) => one.value !== usual(one))
      .map((one) => [field(one), one.value]);
    const opened = new Set([...element.querySelectorAll("details[open][id]")].map((one) => one.id));
    const scrolled = [...element.querySelectorAll("[data-scroll]")].map((one) => [one.dataset.scroll, one.scrollLeft, one.scrollTop]);
    const focused = element.contains(document.activeElement) ? path(element, document.activeElement) : null;
    return () => {
      for (const one of element.querySelectorAll("input[type=checkbox], input[type=radio]"))
        if (ticked.has(`${one.name}=${one.value}`)) one.checked = true;
      for (const [which, value] of typed) {
        const one = find(element, which);
        const isThere = one?.tagName !== "SELECT" || [...one.options].some((option) => option.value === value);
        if (one && isThere) one.value = value;
      }
      for (const one of element.querySelectorAll("details[id]")) if (opened.has(one.id)) one.open = true;
      for (const [name, left, top] of scrolled) {
        const one = element.querySelector(`[data-scroll="${CSS.escape(name)}"]`);
        if (one) [one.scrollLeft, one.scrollTop] = [left, top];
      }
      if (focused) find(element, focused)?.focus({ preventScroll: true });
    };
  }

  // What a field says as the page comes.
  function usual(one) {
    if (one.tagName !== "SELECT") return one.defaultValue;
    return (one.querySelector("option[selected]") ?? one.options[0])?.value;
  }

  // A field by its id, else by its form and its name.
  function field(one) {
    if (one.id) return `#${CSS.escape(one.id)}`;
    return `form[action="${CSS.escape(one.form?.getAttribute("action") ?? "")}"] [name="${CSS.escape(one.name)}"]`;
  }

  // An element by its id, else by what it is and does.
  function path(within, one) {
    if (one.id) return `#${CSS.escape(one.id)}`;
    const href = one.getAttribute("href");
    if (href) return `a[href="${CSS.escape(href)}"]`;
    if (one.name && one.value) return `[name="${CSS.escape(one.name)}"][value="${CSS.escape(one.value)}"]`;
    const action = one.closest("form")?.getAttribute("action");
    return action ? `form[action="${CSS.escape(action)}"] button` : null;
  }

  function find(within, selector) {
    return within.querySelector(selector);
  }

  function release() {
    for (const [name, told] of [...held]) {
      const element = document.getElementById(name);
      if (element && !isUsed(element)) put(element, told);
    }
  }

  // A click comes after the button is let go, and not at all where it was replaced meanwhile.
  function letGo() {
    setTimeout(() => {
      pressed = null;
      release();
    }, 0);
  }

  document.addEventListener("pointerdown", (event) => (pressed = event.target));
  document.addEventListener("pointerup", letGo);
  document.addEventListener("pointercancel", letGo);
  addEventListener("blur", letGo);
  document.addEventListener("selectionchange", release);
  document.addEventListener("focusout", () => setTimeout(release, 0));
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
})();
