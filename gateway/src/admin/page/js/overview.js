// Time lines, as in the Streaming tab: each with how often its values occurred.

import { ask, of, repeat } from "./api.js";
import { chart } from "./charts.js";
import { h } from "./dom.js";
import { millis, short } from "./format.js";
import { live } from "./live.js";

/** How many steps are kept: as many as the gateway keeps. */
const KEEP = { recent: 900, day: 1440 };
const EVERY = { recent: 1000, day: 20000 };
/** How much time is shown, in milliseconds; less while there is less. */
const SHOWN = { recent: 900e3, day: 86400e3 };
const LEAST = 60e3;
/** Over so many steps rates are counted, so that a batch more or less in one of them is no jump. */
const SMOOTH = 3;

const rate = (value) => short(value) + "/s";

/** Columns that are extended by newer ones: the step that was open comes again. */
function extend(old, told, keep) {
  const first = told.columns.time_ms[0];
  const columns = {};
  const from = first === undefined ? Infinity : first;
  const stay = old ? old.time_ms.filter((time) => time < from).length : 0;
  for (const [name, values] of Object.entries(told.columns)) columns[name] = [...(old?.[name].slice(0, stay) || []), ...values].slice(-keep);
  return columns;
}

/** Records per second at each step: over the last few, or the time since the step before. */
export function perSecond(columns, name, step) {
  const { time_ms: times } = columns;
  const counts = columns[name];
  return counts.map((count, index) => {
    const gap = index > 0 ? times[index] - times[index - 1] : step;
    // Where batches are rare each counts for the time before it; a long pause is no slow batch.
    if (gap > SMOOTH * step) return (count * 1e3) / (gap > 120e3 ? step : gap);
    let first = index;
    let sum = count;
    while (first > 0 && times[index] - times[first - 1] < SMOOTH * step) sum += counts[--first];
    return (sum * 1e3) / (times[index] - times[first] + step);
  });
}

/** Shows it. */
export function overview(content, { name }) {
  let span = "recent";
  let columns = null;
  let states = [];
  let interval = 0;
  const charts = {
    input: chart({ title: "Input rate and its limit", format: rate, lines: [{ name: "in", colour: "c1", fill: true }, { name: "limit", colour: "c2", dash: [5, 4], step: true }] }),
    processing: chart({ title: "Processing time", note: "the dashed line is the interval", format: millis, lines: [{ name: "processing", colour: "c3", fill: true }, { name: "interval", colour: "c2", dash: [5, 4] }] }),
    scheduling: chart({ title: "Scheduling delay", format: millis, lines: [{ name: "delay", colour: "c4", fill: true }] }),
    total: chart({ title: "Total delay", format: millis, lines: [{ name: "delay", colour: "c5", fill: true }] }),
    backlog: chart({ title: "Backlog", format: short, lines: [{ name: "records", colour: "c6", fill: true }] }),
  };
  const choose = (key, words) => h("button", { type: "button", class: "choice", "aria-pressed": String(key === span), onclick: (event) => switchTo(key, event.target) }, words);
  const choices = h("div", { class: "bar", role: "group", "aria-label": "time that is shown" }, choose("recent", "15 minutes"), choose("day", "a day"), h("span", { class: "small" }, "right of each line: how often a value occurred, in batches"));
  content.append(choices, h("div", { class: "charts" }, Object.values(charts).map((one) => one.element)));

  function draw(now) {
    const times = columns.time_ms;
    const step = span === "day" ? 60e3 : 1e3;
    const from = Math.max(now - SHOWN[span], Math.min(times[0] ?? now, now - LEAST));
    const around = { from, until: now, states, weights: columns.batches };
    charts.input.draw(times, [perSecond(columns, "records", step), columns.rate], around);
    charts.processing.draw(times, [columns.processing_ms, times.map(() => interval || null)], around);
    charts.scheduling.draw(times, [columns.scheduling_delay_ms], around);
    charts.total.draw(times, [columns.total_delay_ms], around);
    charts.backlog.draw(times, [columns.backlog], around);
  }

  async function look(signal) {
    const asked = span;
    const last = columns?.time_ms.at(-1) ?? 0;
    const told = await ask(of(name, "history") + "?span=" + asked + "&since_ms=" + last, signal);
    if (signal.aborted || asked !== span) return;
    columns = extend(columns, told, KEEP[span]);
    const begun = told.states[0]?.time_ms ?? 0;
    states = [...states.filter((state) => state.time_ms < begun), ...told.states].slice(-64);
    interval = live.pipelines.find((one) => one.name === name)?.interval_ms || 0;
    draw(told.now_ms);
  }

  let stop = repeat(EVERY[span], look);
  function switchTo(key, button) {
    if (key === span) return;
    for (const other of choices.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    stop();
    [span, columns, states] = [key, null, []];
    stop = repeat(EVERY[span], look);
  }
  return {
    end() {
      stop();
      for (const one of Object.values(charts)) one.end();
    },
  };
}
