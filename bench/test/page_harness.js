// Runs at the end of a report page in a browser and sends what test_page.sh looks at to the
// page around it, one "name value" a line.
"use strict";
const lines = [];
const say = (name, value) => lines.push(`${name} ${value}`);
const all = selector => [...document.querySelectorAll(selector)];

// Luminance and contrast as WCAG 2 defines them.
const parts = colour => colour.match(/[\d.]+/g).map(Number);
const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map(byte => byte / 255)
        .map(share => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
};
const paperOf = element => {
    for (let at = element; at !== null; at = at.parentElement) {
        const colour = parts(getComputedStyle(at).backgroundColor);
        if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
};
const inkOf = element => {
    const style = getComputedStyle(element);
    return parts(element instanceof SVGElement ? style.fill : style.color);
};

say("width", innerWidth);
say("overflow", document.documentElement.scrollWidth - innerWidth);
say("dark", luminance(paperOf(document.body)) < 0.2);
say("requests", performance.getEntriesByType("resource").length);
const boxes = all("figure svg").map(svg => svg.getBoundingClientRect());
say("charts", boxes.filter(box => box.width > 100 && box.height > 100).length);
say("unnamed-charts", all("figure svg").filter(svg => !svg.getAttribute("aria-labelledby")
    .split(" ").every(id => document.getElementById(id)?.textContent)).length);
const ids = all("[id]").map(element => element.id);
say("repeated-ids", ids.length - new Set(ids).size);
say("headings-without-scope", all("th:not([scope])").length);
say("wide-boxes", all(".scroll, pre").filter(box =>
    box.getBoundingClientRect().right > innerWidth).length);

const written = all("body *").filter(element => element.checkVisibility() &&
    !["SCRIPT", "STYLE"].includes(element.tagName) &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== ""));
// White letters stand on bars, not on the paper.
const isOnBar = element => element.closest("[fill='rgb(255,255,255)'], [fill='white']");
const faint = written.filter(element => !isOnBar(element) && contrast(inkOf(element), paperOf(element)) < 4.5);
say("texts", written.length);
say("faint-texts", faint.length);
for (const element of faint.slice(0, 3)) say("faint", element.outerHTML.slice(0, 200));
// Lines, points and bars of charts: at least so far from the paper. An area in grey has a
// line around it.
const marks = all("figure [id*='gnuplot_plot'] " +
    ":is(path, use, polygon:not([fill='rgb(221, 221, 221)']))");
say("least-mark-contrast", Math.min(...marks.map(mark => {
    const style = getComputedStyle(mark);
    const colours = [style.stroke, mark.tagName === "polygon" ? style.fill : style.color].filter(colour => colour !== "none");
    return Math.max(...colours.map(colour => contrast(parts(colour), paperOf(mark))));
})).toFixed(2));

// A click sorts by the column, the second the other way round; empty cells stay last.
const heading = all("#answer thead th")[1];
const column = () => [...heading.closest("table").tBodies[0].rows]
    .map(row => row.cells[1].dataset.v ?? row.cells[1].textContent)
    .map(text => text === "" ? Infinity : Number(text));
if (heading !== undefined) {
    heading.querySelector("button").click();
    const rising = column();
    say("rises", rising.every((value, i) => i === 0 || rising[i - 1] <= value));
    heading.querySelector("button").click();
    const falling = column().filter(Number.isFinite);
    say("falls", falling.every((value, i) => i === 0 || falling[i - 1] >= value));
    say("sorted", heading.getAttribute("aria-sort"));
}
const shown = () => all("figure g[id*='gnuplot_plot']")
    .filter(plot => plot.getBoundingClientRect().width > 0).length;
const rows = () => all("#answer tbody tr").filter(row => row.checkVisibility()).length;
const before = [shown(), rows()];
const box = document.querySelector("#pick input");
if (box !== null) {
    box.click();
    say("plots-picked", before[0] - shown());
    say("rows-picked", before[1] - rows());
}

parent.postMessage(`\n${lines.join("\n")}\n`, "*");
