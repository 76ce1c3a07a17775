// What is said where a form that was sent gets no answer of ours.
(() => {
  // What a proxy says in place of a server that is away is not put on the page: a problem of ours says where it belongs.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (xhr.status < 400 || xhr.getResponseHeader("HX-Retarget")) return;
    event.detail.shouldSwap = false;
    if (target.id !== "dialog") unreachable();
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target?.id !== "dialog") unreachable();
  });

  function unreachable() {
    const said = document.createElement("p");
    said.className = "wrong";
    said.textContent = "The server cannot be reached. Look whether it was done before you do it again.";
    document.getElementById("said").replaceChildren(said);
  }
})();
