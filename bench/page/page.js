// Sorts tables by a column, and hides allocators that are not asked for. The page is whole
// without it.
"use strict";

// A cell as it is compared: the figure behind it, or its text. An empty one comes last.
const keyOf = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text : number;
};

const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" && typeof b === "number" ? a - b
        : String(a).localeCompare(String(b));
};

for (const heading of document.querySelectorAll("thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
        const body = heading.closest("table").tBodies[0];
        const falls = heading.ariaSort === "ascending";
        for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
        const keyed = [...body.rows].map(row => [keyOf(row, heading.cellIndex), row]);
        keyed.sort(([a], [b]) => a === null || b === null || !falls
            ? compare(a, b) : compare(b, a));
        body.append(...keyed.map(([, row]) => row));
    });
}

// In the charts an allocator is known by its colour, which the keys tell.
const inkOf = plot => {
    for (const mark of plot.querySelectorAll("path, use, polygon")) {
        for (const name of ["stroke", "color", "fill"]) {
            const value = mark.getAttribute(name);
            if (value?.startsWith("rgb")) return value;
        }
    }
    return null;
};

const names = [...new Set([...document.querySelectorAll("tr[data-a]")]
    .map(row => row.dataset.a).filter(name => name !== ""))];
const plots = [...document.querySelectorAll("figure g[id*='gnuplot_plot']")];
const inks = new Map();
for (const plot of plots) {
    const name = names.find(known => [...plot.querySelectorAll("text")]
        .some(text => text.textContent === known));
    if (name !== undefined && !inks.has(name)) inks.set(name, inkOf(plot));
}

const show = (name, isShown) => {
    for (const row of document.querySelectorAll("tr[data-a]")) {
        if (row.dataset.a === name) row.classList.toggle("off", !isShown);
    }
    for (const plot of plots) {
        if (inks.has(name) && inkOf(plot) === inks.get(name)) {
            plot.classList.toggle("off", !isShown);
        }
    }
    for (const text of document.querySelectorAll("#chart-scatter text")) {
        if (text.textContent === name) text.classList.toggle("off", !isShown);
    }
};

const pick = document.getElementById("pick");
if (names.length > 1) {
    pick.hidden = false;
    pick.setAttribute("role", "group");
    pick.setAttribute("aria-label", "Allocators shown");
    for (const name of names) {
        const label = document.createElement("label");
        const box = document.createElement("input");
        box.type = "checkbox";
        box.checked = true;
        box.addEventListener("change", () => show(name, box.checked));
        label.append(box, name);
        pick.append(label);
    }
}
