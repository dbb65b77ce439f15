// What the memory sinks of a pipeline hold, as a table that moves on.

import { ask, of, repeat } from "./api.js";
import { h, keyed, text } from "./dom.js";
import { number } from "./format.js";
import { live } from "./live.js";

const SHOWN = 200;

const shown = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** Shows it. */
export function rows(content, { name }) {
  const which = h("select", { "aria-label": "sink" });
  const hold = h("input", { type: "checkbox", id: "hold" });
  const note = h("span", { class: "small", role: "status" });
  const head = h("tr");
  const body = h("tbody");
  content.append(h("div", { class: "bar" }, which, h("label", null, hold, " hold the table"), note), h("div", { class: "scroll" }, h("table", { class: "live" }, h("thead", null, head), body)));
  let columns = [];

  const look = async (signal) => {
    const sinks = (live.pipelines.find((one) => one.name === name)?.sinks || []).filter((sink) => sink.type === "memory").map((sink) => sink.name);
    if (sinks.join("\n") !== [...which.options].map((option) => option.value).join("\n")) which.replaceChildren(...sinks.map((sink) => h("option", { value: sink }, sink)));
    which.hidden = sinks.length < 2;
    if (!sinks.length) return text(note, live.now_ms ? "this pipeline has no `memory` sink" : "");
    if (hold.checked) return;
    const asked = which.value || sinks[0];
    const told = await ask(of(name, "components") + "?name=" + encodeURIComponent(asked), signal);
    const state = told.components[0]?.state;
    if (signal.aborted || !state || hold.checked) return;
    const list = state.rows.slice(-SHOWN).reverse();
    const wanted = [...new Set(list.flatMap((row) => Object.keys(row || {})))];
    if (wanted.join("\n") !== columns.join("\n")) {
      columns = wanted;
      head.replaceChildren(...columns.map((column) => h("th", { scope: "col" }, column)));
      body.replaceChildren();
      body.known = new Map();
    }
    // Rows are known by their number since the start: what is new comes on top.
    const numbered = list.map((row, index) => ({ row, key: state.total_rows - index }));
    keyed(body, numbered, (one) => one.key, ({ row }) => h("tr", null, columns.map((column) => h("td", { "data-label": column }, shown(row?.[column])))), () => {});
    text(note, "the newest " + list.length + " of " + number(state.total_rows) + " rows");
  };
  return { end: repeat(1000, look) };
}
