// The recent batches; each opens into its ranges, its stages and what went wrong.

import { ask, of, repeat } from "./api.js";
import { attribute, h, keyed, table, text } from "./dom.js";
import { bytes, clock, millis, number, position, words } from "./format.js";
import { stack } from "./spark.js";
import { live } from "./live.js";
import { BOUNDS, TERMS } from "./why.js";

const SHOWN = 240;
const HEADS = [["Batch"], ["Complete"], ["Records", "number"], ["Bytes", "number"], ["Processing", "number"], ["Delay", "number"], ["Outcome"], ["Attempts", "number"], ["Bounded by"]];

function outcome(batch) {
  if (batch.dead_letters > 0) return number(batch.dead_letters) + " dead letters";
  return batch.retries > 0 ? "written after retries" : "written";
}

function create(batch, toggle) {
  const cells = HEADS.map(([title, kind]) => h("td", { class: kind, "data-label": title }));
  const button = h("button", { type: "button", class: "open", "aria-expanded": "false" }, String(batch.batch));
  cells[0].append(button);
  const row = h("tr", { "data-batch": batch.batch }, cells);
  row.addEventListener("click", (event) => (event.target === button || !getSelection().toString()) && toggle(batch.batch));
  return Object.assign(row, { button });
}

function update(row, batch, isOpen) {
  const values = [null, clock(batch.time_ms), number(batch.records), bytes(batch.bytes), millis(batch.processing_ms), millis(batch.scheduling_delay_ms), outcome(batch), number(batch.retries + 1), words(batch.limited_by)];
  values.forEach((value, index) => value !== null && text(row.cells[index], value));
  attribute(row.cells[6], "data-bad", batch.dead_letters > 0 || batch.retries > 0);
  attribute(row.button, "aria-expanded", String(isOpen));
}

/** One batch in full. */
function details(batch) {
  const { stages } = batch;
  const decode = stages.prepare_ms - stages.transform_ms;
  const parts = [["waiting", batch.scheduling_delay_ms], ["read", stages.read_ms], ["decode", decode], ["transform", stages.transform_ms], ["write", stages.write_ms], ["commit", stages.commit_ms]];
  const sinks = table([["sink"], ["write", "number"], ["attempts", "number"], ["dead letters", "number"], ["last error"]], batch.sinks.map((one) => [one.sink, millis(one.write_ms), number(one.retries + 1), number(one.dead_letters), one.error || "none"]));
  const ranges = table([["source"], ["split"], ["from", "number"], ["until", "number"], ["records", "number"], ["granted", "number"], ["wait", "number"]], batch.splits.map((one) => [one.source, one.split, position(one.from), position(one.until), number(one.records), number(one.granted), number(one.lag)]), "it read nothing");
  const terms = batch.control?.terms.map((term) => TERMS[term.name] ? TERMS[term.name][0] + " " + TERMS[term.name][1](term.value) : words(term.name) + " " + number(term.value)).join(", ");
  const facts = ["Bounded by " + BOUNDS[batch.limited_by] + ".", batch.rate ? "The rate in force was " + number(batch.rate) + "/s." : "No rate was in force.", batch.control?.rate ? "The controller then allowed " + number(batch.control.rate) + "/s (" + terms + ")." : "", number(batch.rows) + " rows were written."];
  return h("div", { class: "details" }, h("p", null, facts.filter(Boolean).join(" ")), h("h3", null, "Stages"), stack(parts.map(([name, time]) => [name, time, millis(time)])), h("h3", null, "Sinks"), sinks, h("h3", null, "Ranges"), ranges);
}

const DOING = { decode: "being decoded", transform: "being transformed", ready: "waiting for the batch before it", write: "being written" };

/** The batches that run now, in words. */
function underWay(pipeline) {
  const list = pipeline?.under_way || [];
  if (!list.length) return "No batch runs at this moment.";
  return "Now: " + list.map((one) => "batch " + one.batch + " with " + number(one.records) + " records is " + DOING[one.stage] + " for " + millis(Math.max(0, live.now_ms - one.since_ms))).join("; ") + ".";
}

/** Shows it. */
export function batches(content, { name, more }) {
  let open = more[0] ? Number(more[0]) : null;
  let held = null;
  const body = h("tbody");
  const note = h("span", { class: "small" });
  const hold = h("input", { type: "checkbox", id: "hold" });
  const head = h("tr", null, HEADS.map(([title, kind]) => h("th", { scope: "col", class: kind }, title)));
  const running = h("p", { class: "small", id: "under-way" });
  content.append(running, h("div", { class: "bar" }, h("label", null, hold, " hold the list"), note), h("div", { class: "scroll" }, h("table", { class: "batches" }, h("thead", null, head), body)));

  const shown = h("tr", { class: "opened" });
  const cell = h("td", { colspan: HEADS.length });
  shown.append(cell);

  async function toggle(id) {
    open = open === id ? null : id;
    hold.checked = open !== null;
    draw(held || []);
    if (open === null) return;
    cell.replaceChildren(h("p", { class: "small" }, "asking"));
    try {
      const batch = await ask(of(name, "batches", open));
      if (open === id) cell.replaceChildren(details(batch));
    } catch (error) {
      if (open === id) cell.replaceChildren(h("p", { class: "empty" }, error.message));
    }
  }

  function draw(list) {
    held = list;
    keyed(body, list, (one) => one.batch, (one) => create(one, toggle), (row, one) => update(row, one, one.batch === open));
    const row = open === null ? null : body.querySelector('tr[data-batch="' + open + '"]');
    if (row) row.after(shown);
    else shown.remove();
    text(note, list.length ? "the last " + list.length + " batches" + (hold.checked ? ", held" : "") : "no batch yet");
  }

  const look = async (signal) => {
    text(running, underWay(live.pipelines.find((one) => one.name === name)));
    if (hold.checked && held) return draw(held);
    const told = await ask(of(name, "batches") + "?brief=true&limit=" + SHOWN, signal);
    if (!signal.aborted && !(hold.checked && held)) {
      shown.remove();
      draw(told.batches);
    }
  };
  const stop = repeat(2000, look);
  if (open !== null) {
    const wanted = open;
    open = null;
    look(new AbortController().signal).then(() => toggle(wanted));
  }
  return { end: stop };
}
