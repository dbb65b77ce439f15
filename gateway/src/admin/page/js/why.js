// Why a rate is what it is: what set it, what bounds it, and how the controller came to it.

import { limitDialog, limitsOf } from "./actions.js";
import { ask, of, repeat } from "./api.js";
import { chart } from "./charts.js";
import { card, h, keyed, table, text } from "./dom.js";
import { bytes, millis, number, percent, short, words } from "./format.js";
import { live } from "./live.js";
import { perSecond } from "./overview.js";
import { meter, stack } from "./spark.js";

/** What can bound a batch, in words. */
export const BOUNDS = {
  available: "nothing: all that was there was read",
  configured: "a limit that was set",
  controller: "the controller's rate",
  batch_size: "the largest batch",
  memory: "the memory",
};

/** The terms of the controllers' formulas: name, unit. */
export const TERMS = {
  proportional: ["last error", short, "what it took from the rate, in records/s"],
  integral: ["records that queued", short, "what it took from the rate, in records/s"],
  derivative: ["change of the error", short, "what it took from the rate, in records/s"],
  fixed_ms: ["cost of a batch", millis, "whatever it holds"],
  each_us: ["cost of a record", (value) => millis(value / 1e3), "each"],
  aim_ms: ["aim", millis, "the time that the next batch should take"],
  used: ["used part", percent, "of the rate, where it limits"],
};

/** Shows it. */
export function why(content, { name }) {
  const use = meter("processing time of the interval");
  const useWords = h("p", { class: "small" });
  const strip = h("div");
  const inForce = h("div");
  const terms = h("dl", { class: "facts" });
  const noController = h("p", { class: "empty", hidden: true }, "There is no controller; `backpressure` of the pipeline begins one.");
  const splits = h("div");
  const rates = chart({ title: "The controller's rate, and what came", format: (value) => short(value) + "/s", lines: [{ name: "allowed", colour: "c2", step: true }, { name: "came", colour: "c1", fill: true }] });
  const useChart = chart({ title: "Utilisation", note: "processing time of the interval; the dashed line is what is aimed at", format: percent, lines: [{ name: "used", colour: "c3", fill: true }, { name: "aim", colour: "c2", dash: [5, 4] }] });
  const termCharts = h("div", { class: "charts two" });
  const drawn = new Map();
  content.append(
    h("div", { class: "columns" },
      card("Utilisation against its target", use.element, useWords),
      card("What bounded the batches of the last 15 minutes", strip)),
    card("The limits in force", inForce),
    card("The controller", noController, terms, h("div", { class: "charts" }, rates.element, useChart.element), termCharts),
    card("The splits that wait most", splits, h("a", { href: "#/p/" + encodeURIComponent(name) + "/splits" }, "all splits")),
  );

  const now = () => live.pipelines.find((one) => one.name === name);

  function bounded(columns) {
    const counts = Object.keys(BOUNDS).map((by) => {
      const count = columns.limited_by.reduce((sum, it, index) => sum + (it === by ? columns.batches[index] : 0), 0);
      return [BOUNDS[by], count, number(count)];
    });
    strip.replaceChildren(stack(counts));
  }

  function limits(told) {
    const pipeline = now();
    const { bounds } = told;
    const every = pipeline?.interval_ms > 0 ? " every " + millis(pipeline.interval_ms) : "";
    const by = pipeline?.why?.set_by;
    const change = (one) => h("button", { type: "button", class: "quiet", onclick: async () => (await limitDialog(name, one)) && limits(await ask(of(name, "limits"))) }, one.value === null ? "set" : "change");
    const shown = limitsOf(told).filter((one) => one.value !== null || one.limit === "max_rate");
    const list = shown.map((one) => [one.source ? one.limit + " of " + one.source : "max_rate of the pipeline", one.value === null ? "none" : (one.limit.includes("bytes") ? bytes(one.value) : short(one.value)) + "/s", by === "configured" && one.value !== null ? "may be what binds" : "", change(one)]);
    const rate = pipeline?.why?.rate;
    const between = bounds.controller ? ", at least " + short(bounds.controller.minimum) + "/s" + (bounds.controller.maximum ? ", at most " + short(bounds.controller.maximum) + "/s" : "") : "";
    list.push(["the controller", rate === null || rate === undefined ? "none" : short(rate) + "/s" + between, ["controller", "floor"].includes(by) ? "binds now" : "", ""]);
    list.push(["the largest batch", number(bounds.max_batch_records) + " records, " + bytes(bounds.max_batch_bytes) + every, by === "batch_size" ? "binds now" : "", ""]);
    list.push(["the memory of the gateway", bytes(bounds.memory_used) + " of " + bytes(bounds.memory) + " in use", by === "memory" ? "binds now" : "", ""]);
    inForce.replaceChildren(table([["limit"], ["value"], ["now"], [""]], list));
  }

  function controller(told) {
    const { columns, control } = told;
    const from = Math.min(columns.time_ms[0] ?? told.now_ms, told.now_ms - 60e3);
    const around = { from, until: told.now_ms, states: told.states, weights: columns.batches };
    const interval = now()?.interval_ms || 0;
    const came = perSecond(columns, "records", told.step_ms);
    noController.hidden = !!control;
    rates.element.hidden = !control;
    if (control) rates.draw(columns.time_ms, [control.rate, came], around);
    useChart.element.hidden = !interval;
    const target = now()?.why?.target ?? null;
    if (interval) useChart.draw(columns.time_ms, [columns.processing_ms.map((time) => time / interval), columns.time_ms.map(() => target)], around);
    const names = control ? Object.keys(TERMS).filter((term) => control[term]) : [];
    for (const term of names) {
      if (!drawn.has(term)) {
        const [title, format, note] = TERMS[term];
        const one = chart({ title, note, format, bars: false, lines: [{ name: title, colour: "c5" }] });
        drawn.set(term, one);
        termCharts.append(one.element);
      }
      drawn.get(term).draw(columns.time_ms, [control[term]], around);
    }
    keyed(terms, names, (term) => term, (term) => h("div", { class: "fact", title: TERMS[term][2] }, h("dt", null, TERMS[term][0]), h("dd")), (element, term) => text(element.lastChild, TERMS[term][1](control[term].at(-1))));
  }

  const stops = [
    repeat(2000, async (signal) => {
      const told = await ask(of(name, "history"), signal);
      if (signal.aborted) return;
      bounded(told.columns);
      controller(told);
    }),
    repeat(3000, async (signal) => {
      const [told, page] = [await ask(of(name, "limits"), signal), await ask(of(name, "splits") + "?limit=12", signal)];
      if (signal.aborted) return;
      if (!inForce.contains(document.activeElement)) limits(told);
      const columns = [["split"], ["granted", "number"], ["taken", "number"], ["wait", "number"], ["bounded by"]];
      const list = page.splits.map((one) => [one.split, number(one.granted), number(one.records), number(one.lag), BOUNDS[one.limited_by] || words(one.limited_by)]);
      splits.replaceChildren(table(columns, list, "no split has given anything yet"));
    }),
  ];
  return {
    told(pipeline) {
      const part = pipeline.why?.utilisation;
      const target = pipeline.why?.target;
      use.draw(part, target);
      const aim = target === null || target === undefined ? "there is no controller that aims at a part of it" : "the controller aims at " + percent(target);
      text(useWords, part === null || part === undefined ? "Batches begin with data; there is no interval to fill." : "The last batch took " + percent(part) + " of its " + millis(pipeline.interval_ms) + "; " + aim + ".");
    },
    end() {
      for (const stop of stops) stop();
      for (const one of [rates, useChart, ...drawn.values()]) one.end();
    },
  };
}
