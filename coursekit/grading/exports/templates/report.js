// Sorting by a column's head and finding a student; without this script the tables are whole and in class order.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const rows = [...body.rows].sort((one, other) =>
        key(one, column).localeCompare(key(other, column), undefined, { numeric: true }));
      if (falling) rows.reverse();
      body.append(...rows);
    });
  });
}
const found = document.querySelector("table.heat");
if (found && found.tBodies[0].rows.length > 10) {
  const form = document.createElement("p");
  form.className = "filter";
  const label = document.createElement("label");
  label.htmlFor = "find";
  label.textContent = "Find a student";
  const input = document.createElement("input");
  input.id = "find";
  input.type = "search";
  const said = document.createElement("span");
  said.className = "muted";
  said.setAttribute("role", "status");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of found.tBodies[0].rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
      shown += !row.hidden;
    }
    said.textContent = wanted ? `${shown} of ${found.tBodies[0].rows.length} students` : "";
  });
  form.append(label, input, said);
  found.closest(".scroll").before(form);
}
