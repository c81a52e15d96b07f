"use strict";
// Everything here is a comfort: without it the links still lead to the reasons.
const reveal = () => {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = wanted && wanted.closest("details");
  if (!details) return;
  details.open = true;
  wanted.scrollIntoView({ block: "center" });
  (wanted === details ? details.querySelector("summary") : wanted).focus({ preventScroll: true });
};
addEventListener("hashchange", reveal);
reveal();

// On paper nothing can be opened.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const each of closed) each.open = true;
});
addEventListener("afterprint", () => { for (const each of closed) each.open = false; });

// Arrow keys walk over a heat map's cells.
const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
addEventListener("keydown", (event) => {
  const cell = event.target.closest && event.target.closest(".heatmap td, .heatmap tbody th");
  const step = steps[event.key];
  if (!cell || !step || event.ctrlKey || event.altKey || event.metaKey) return;
  const rows = [...cell.closest("tbody").rows].filter((row) => !row.hidden);
  let row = rows.indexOf(cell.parentElement), column = cell.cellIndex, next = null;
  do {
    row += step[0]; column += step[1];
    const place = rows[row] && rows[row].cells[column];
    if (!place) return;
    next = place.querySelector("a");
  } while (!next);
  event.preventDefault();
  next.focus();
});

const filter = (prefix) => {
  const text = document.querySelector(`[data-filter="${prefix}"]`).value.toLowerCase();
  const troubled = document.querySelector(`[data-troubled="${prefix}"]`).checked;
  for (const row of document.getElementById(prefix).tBodies[0].rows) {
    const named = row.cells[0].textContent.toLowerCase().includes(text);
    row.hidden = !named || (troubled && !("reasons" in row.dataset));
    const details = document.querySelector(`details[data-row="${row.dataset.row}"]`);
    if (details) details.hidden = row.hidden;
  }
};
for (const each of document.querySelectorAll("[data-filter], [data-troubled]")) {
  each.addEventListener("input", () => filter(each.dataset.filter || each.dataset.troubled));
}
