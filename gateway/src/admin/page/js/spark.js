// Small drawings: a line of the last minute, a histogram, parts of a whole.

import { h, svg } from "./dom.js";

/** A line of values that can be drawn anew: `{ element, draw(values) }`. */
export function spark(label) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const element = svg("svg", { class: "spark", viewBox: "0 0 120 28", preserveAspectRatio: "none", role: "img", "aria-label": label }, area, line);
  return {
    element,
    draw(values) {
      const top = Math.max(1, ...values);
      const step = 120 / Math.max(1, values.length - 1);
      const points = values.map((value, index) => (index * step).toFixed(1) + "," + (26 - (24 * value) / top).toFixed(1));
      line.setAttribute("d", points.length ? "M" + points.join("L") : "");
      area.setAttribute("d", points.length ? "M0,28L" + points.join("L") + "L120,28Z" : "");
    },
  };
}

/** How often values occurred, as bars that lie beside a chart with the same scale from 0 to `top`. */
export function histogram(values, weights, top, bins = 14) {
  const counts = new Array(bins).fill(0);
  values.forEach((value, index) => {
    if (value === null || value === undefined) return;
    counts[Math.max(0, Math.min(bins - 1, Math.floor((value / top) * bins)))] += weights[index];
  });
  const most = Math.max(1, ...counts);
  const high = 100 / bins;
  const bars = counts.map((count, bin) => svg("rect", { x: 0, y: (100 - (bin + 1) * high + 0.6).toFixed(2), width: ((98 * count) / most).toFixed(2), height: (high - 1.2).toFixed(2) }));
  return svg("svg", { class: "histogram", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, ...bars);
}

/** Parts of a whole side by side: `[name, value, text]`, with a legend below. */
export function stack(parts) {
  const sum = parts.reduce((total, [, value]) => total + value, 0) || 1;
  const bar = h("div", { class: "stack", "aria-hidden": "true" });
  const legend = h("ul", { class: "legend" });
  parts.forEach(([name, value, text], index) => {
    const part = h("span", { class: "part p" + (index % 8), title: name + " " + text });
    part.style.flexGrow = String(Math.max(0, value / sum));
    if (value > 0) bar.append(part);
    legend.append(h("li", null, h("i", { class: "p" + (index % 8) }), name + " ", h("b", null, text)));
  });
  return h("div", null, bar, legend);
}

/** How full something is, with a mark where it should be: `{ element, draw(part, target) }`. */
export function meter(label) {
  const fill = h("span", { class: "fill" });
  const mark = h("span", { class: "mark", hidden: true });
  const element = h("span", { class: "meter", role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" }, fill, mark);
  return {
    element,
    draw(part, target) {
      const shown = Number.isFinite(part) ? part : 0;
      fill.style.width = Math.min(100, shown * 100) + "%";
      element.classList.toggle("over", shown > 1);
      element.setAttribute("aria-valuenow", String(Math.round(shown * 100)));
      mark.hidden = !Number.isFinite(target);
      if (!mark.hidden) mark.style.left = Math.min(100, target * 100) + "%";
    },
  };
}
