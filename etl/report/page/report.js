"use strict";
// Sorting and filtering of the tables. Without this script they are read as they stand.
const valueOf = (row, at) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
const compare = (one, other) => {
  const [a, b] = [Number(one), Number(other)];
  return one !== "" && other !== "" && !Number.isNaN(a) && !Number.isNaN(b) ? a - b : one.localeCompare(other, document.documentElement.lang);
};
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending" || (!head.hasAttribute("aria-sort") && head.classList.contains("num"));
      for (const one of heads) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => compare(valueOf(a, at), valueOf(b, at)) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}
for (const input of document.querySelectorAll("input[data-filter]")) {
  const rows = [...document.getElementById(input.dataset.filter).tBodies[0].rows];
  const shown = document.querySelector(`output[data-shown="${input.dataset.filter}"]`);
  const lower = (text) => text.toLocaleLowerCase(document.documentElement.lang);
  const texts = rows.map((row) => lower(row.textContent));
  input.addEventListener("input", () => {
    const words = lower(input.value).split(/\s+/).filter(Boolean);
    rows.forEach((row, at) => { row.hidden = !words.every((word) => texts[at].includes(word)); });
    shown.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} / ${rows.length}` : "";
  });
}
