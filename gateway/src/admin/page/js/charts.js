// Time lines with their histograms, drawn by uPlot.

import { h } from "./dom.js";
import { histogram } from "./spark.js";
import { clock } from "./format.js";

const probe = h("span", { hidden: true });
document.body.append(probe);

/** A colour of the style sheet, as a canvas understands it. */
function colour(name) {
  probe.style.color = "var(--" + name + ")";
  return getComputedStyle(probe).color;
}

function shades(plot, states) {
  const { ctx, bbox } = plot;
  const left = bbox.left;
  const right = bbox.left + bbox.width;
  ctx.save();
  states.forEach((state, index) => {
    const shade = { waiting: "shade-warn", failed: "shade-bad", paused: "shade-still" }[state.state];
    if (!shade) return;
    const next = states[index + 1];
    const from = Math.max(left, plot.valToPos(state.time_ms / 1e3, "x", true));
    const until = Math.min(right, next ? plot.valToPos(next.time_ms / 1e3, "x", true) : right);
    if (until <= from) return;
    ctx.fillStyle = colour(shade);
    ctx.fillRect(from, bbox.top, until - from, bbox.height);
  });
  ctx.restore();
}

function series(line) {
  return {
    label: line.name,
    stroke: () => colour(line.colour),
    width: line.dash ? 1.5 : 1.75,
    dash: line.dash,
    fill: line.fill ? () => colour(line.colour + "-soft") : undefined,
    paths: line.step ? uPlot.paths.stepped({ align: 1 }) : undefined,
    points: { show: false },
    spanGaps: true,
  };
}

/**
 * A chart: lines are `{ name, colour, fill, dash, step }`, `format` says a value in words.
 * `bars: false` leaves out the histogram. `draw(times, columns, { from, until, states, weights })` shows new columns.
 */
export function chart({ title, lines, format, note, bars = true }) {
  const values = h("span", { class: "values" });
  const plotted = h("div", { class: "plot" });
  const beside = h("div", { class: "beside", title: "how often, in batches" });
  const element = h(
    "figure",
    { class: "chart" },
    h("figcaption", null, h("b", null, title), note ? h("span", { class: "note" }, note) : null, values),
    h("div", { class: "row" }, plotted, bars && beside),
  );
  let states = [];
  let span = [0, 1];
  let weights = [];
  const axis = { stroke: () => colour("ink-soft"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const told = (plot) => {
    const at = plot.cursor.idx ?? plot.data[0].length - 1;
    const words = lines.map((line, index) => {
      const value = plot.data[index + 1]?.[at];
      const name = lines.length > 1 ? line.name + " " : "";
      return h("span", { class: "c-" + line.colour }, name + (value === null || value === undefined ? "–" : format(value)));
    });
    if (plot.cursor.idx !== null && plot.cursor.idx !== undefined && plot.data[0].length) words.unshift(h("span", null, clock(plot.data[0][at] * 1e3)));
    values.replaceChildren(...words);
  };
  const count = (plot) => {
    if (!bars) return;
    const top = plot.scales.y.max || 1;
    beside.replaceChildren(histogram(plot.data[1], weights, top));
  };
  const plot = new uPlot(
    {
      width: 300,
      height: 128,
      padding: [6, 18, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "forebay" }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true, range: () => span }, y: { range: (_, low, high) => [low < 0 ? low * 1.12 : 0, high > 0 ? high * 1.12 : low < 0 ? 0 : 1] } },
      axes: [
        { ...axis, size: 24, space: 70, values: (_, times) => times.map((time) => clock(time * 1e3)) },
        { ...axis, size: 62, space: 26, values: (_, marks) => marks.map((mark) => format(mark)) },
      ],
      series: [{}, ...lines.map(series)],
      hooks: { drawClear: [(it) => shades(it, states)], setCursor: [told], setData: [told], draw: [count] },
    },
    [[], ...lines.map(() => [])],
    plotted,
  );
  const fit = () => {
    const width = Math.floor(plotted.clientWidth);
    if (width > 40) plot.setSize({ width, height: 128 });
  };
  const watch = new ResizeObserver(fit);
  watch.observe(plotted);
  const redraw = () => plot.redraw(false);
  document.addEventListener("theme", redraw);
  return {
    element,
    draw(times, columns, around) {
      states = around.states;
      span = [around.from / 1e3, around.until / 1e3];
      weights = around.weights;
      plot.setData([times.map((time) => time / 1e3), ...columns]);
    },
    end() {
      watch.disconnect();
      document.removeEventListener("theme", redraw);
      plot.destroy();
    },
  };
}
