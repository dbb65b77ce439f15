// One pipeline: its state and actions, and tabs for the rest.

import { limitDialog, setPaused } from "./actions.js";
import { attribute, h, prose, text } from "./dom.js";
import { bytes, millis, number, percent, seconds, short, words } from "./format.js";
import { stateWords, trend } from "./front.js";
import { follow } from "./live.js";
import { batches } from "./batches.js";
import { letters } from "./letters.js";
import { overview } from "./overview.js";
import { parts } from "./parts.js";
import { rows } from "./rows.js";
import { splits } from "./splits.js";
import { why } from "./why.js";

const TABS = [
  ["", "Time lines", overview],
  ["why", "Why this rate", why],
  ["batches", "Batches", batches],
  ["splits", "Splits", splits],
  ["parts", "Sources and sinks", parts],
  ["letters", "Dead letters", letters],
  ["rows", "Rows", rows],
];

/** What sets the rate, beside the rate. */
const LIMITED = { available: "not reached", configured: "as configured", controller: "by the controller", floor: "the controller's floor", batch_size: "largest batch reached", memory: "memory is in use", nothing: "", ended: "ended" };

function tile(name) {
  const value = h("b");
  const more = h("span", { class: "small" });
  return { element: h("div", { class: "tile" }, h("span", { class: "label" }, name), value, more), value, more };
}

/** Shows it. */
export function pipeline(main, { name, rest }) {
  const [tab = "", ...more] = rest;
  const chosen = TABS.find(([key]) => key === tab) || TABS[0];
  const state = h("span", { class: "pill", id: "state" });
  const since = h("span", { class: "small" });
  const flow = h("span", { class: "small" });
  const pause = h("button", { type: "button", id: "pause" }, "Pause");
  const limit = h("button", { type: "button" }, "Change a limit");
  const tiles = { in: tile("In"), out: tile("Out"), limit: tile("Rate limit"), processing: tile("Processing"), delay: tile("Scheduling delay"), backlog: tile("Backlog"), letters: tile("Dead letters") };
  const sentence = h("p", { class: "sentence", id: "why" });
  const link = (key) => "#/p/" + encodeURIComponent(name) + (key ? "/" + key : "");
  const tabs = TABS.map(([key, title]) => h("a", { href: link(key), "data-tab": key || "time", "aria-current": key === chosen[0] ? "page" : null }, title));
  const content = h("div", { class: "content" });
  const missing = h("p", { class: "empty", hidden: true }, "There is no pipeline of this name. ", h("a", { href: "#/" }, "All pipelines"));
  const frame = h(
    "div",
    null,
    h("div", { class: "title" }, h("h1", null, name), state, since, flow, h("span", { class: "actions" }, pause, limit)),
    sentence,
    h("div", { class: "tiles" }, Object.values(tiles).map((one) => one.element)),
    h("nav", { class: "tabs", "aria-label": "of this pipeline" }, tabs),
    content,
  );
  main.append(missing, frame);
  let now = null;
  pause.addEventListener("click", () => setPaused(name, !now?.paused));
  limit.addEventListener("click", () => limitDialog(name));

  const inner = chosen[2](content, { name, more, link });
  const end = follow((told) => {
    now = told.pipelines.find((one) => one.name === name);
    missing.hidden = !!now;
    frame.hidden = !now;
    if (!now) return;
    const last = now.last || {};
    text(state, stateWords(now));
    attribute(state, "data-state", now.state);
    text(since, "for " + seconds(Math.max(1, Math.round((told.now_ms - now.since_ms) / 1e3))));
    text(flow, now.sources.map((one) => one.name + " (" + one.type + ")").join(", ") + " → " + now.sinks.map((one) => one.name + " (" + one.type + ")").join(", "));
    prose(sentence, now.why?.sentence || "");
    attribute(sentence, "data-set-by", now.why?.set_by);
    text(pause, now.paused ? "Resume" : "Pause");
    pause.disabled = ["stopped", "failed", "draining"].includes(now.state);
    const fill = (one, value, small) => {
      text(one.value, value);
      text(one.more, small);
    };
    fill(tiles.in, short(now.records_per_second) + "/s", bytes(now.bytes_per_second) + "/s");
    fill(tiles.out, short(now.rows_per_second) + "/s", number(now.rows) + " rows");
    fill(tiles.limit, now.why?.rate ? short(now.why.rate) + "/s" : "none", LIMITED[now.why?.set_by] || words(now.why?.set_by || ""));
    fill(tiles.processing, millis(last.processing_ms), now.why?.utilisation !== null && now.why ? percent(now.why.utilisation) + " of " + millis(now.interval_ms) : "");
    fill(tiles.delay, millis(last.scheduling_delay_ms), "total " + millis(last.processing_ms + last.scheduling_delay_ms));
    fill(tiles.backlog, short(now.backlog), trend(now));
    fill(tiles.letters, number(now.dead_letters), number(now.retries) + " retries");
    attribute(tiles.letters.element, "data-bad", now.dead_letters > 0);
    const keepsRows = now.sinks.some((sink) => sink.type === "memory");
    tabs[6].hidden = !keepsRows;
    inner.told?.(now, told);
  });
  return {
    end() {
      end();
      inner.end?.();
    },
  };
}
