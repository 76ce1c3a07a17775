// What helps reading: ids copied by a click, exact times in one's own zone, relative ones that go on by themselves.
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.dataset.copied = "yes";
      setTimeout(() => delete button.dataset.copied, 1200);
    } catch {
      prompt("Copy it from here:", button.dataset.copy);
    }
  });

  // On a phone the ways to other pages are one line that scrolls: the page that is open is in sight.
  const here = document.querySelector("nav [aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 60;

  // A menu closes where one clicks elsewhere, or presses Escape.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.who[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.who[open]")) menu.open = false;
  });

  const short = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

  // The same words as `length` in osmod/jobs/records/glance.py.
  function length(seconds) {
    if (seconds < 1) return "0 s";
    if (seconds < 120) return `${Math.round(seconds)} s`;
    for (const [unit, size] of [["d", 86400], ["h", 3600]])
      if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
    return `${Math.round(seconds / 60)} min`;
  }

  function refresh() {
    for (const one of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(one.dateTime);
      one.title = zoned.format(moment);
      if (one.classList.contains("clock")) {
        one.textContent = short.format(moment);
        continue;
      }
      if (one.closest("section.live")) continue;
      const seconds = (Date.now() - moment) / 1000;
      const words = Math.abs(seconds) < 1 ? "now" : seconds > 0 ? `${length(seconds)} ago` : `in ${length(-seconds)}`;
      if (one.textContent !== words) one.textContent = words;
    }
  }

  document.addEventListener("fragment", refresh);
  setInterval(() => document.hidden || refresh(), 5000);
  refresh();
})();
