// The front page: every pipeline on one line.

import { attribute, h, keyed, prose, text } from "./dom.js";
import { ago, bytes, millis, number, percent, seconds, short } from "./format.js";
import { follow } from "./live.js";
import { meter, spark } from "./spark.js";

const HEADS = ["Pipeline", "State", "Last minute", "In", "Out", "Processing", "Delay", "Backlog", "Dead letters"];

/** What a state is called. */
export function stateWords(pipeline) {
  return pipeline.state === "waiting" ? "waiting for " + pipeline.component : pipeline.state;
}

/** Whether the backlog grows or shrinks, in words. */
export function trend(pipeline) {
  if (pipeline.backlog === null) return "not known";
  if (pipeline.backlog === 0) return "none waits";
  if (pipeline.drains_in_seconds !== null) return "gone in " + seconds(pipeline.drains_in_seconds);
  if (pipeline.backlog_growth > 0) return "grows by " + short(pipeline.backlog_growth) + "/s";
  return pipeline.backlog_growth === 0 ? "stays" : "";
}

function create(pipeline) {
  const part = (tag, kind) => h(tag, { class: kind });
  const line = spark("records per second in the last minute");
  const use = meter("processing time of the interval");
  const cells = {
    state: part("span", "pill"),
    why: part("div", "small"),
    error: part("div", "small error"),
    records: part("b"),
    bytes: part("div", "small"),
    rows: part("b"),
    total: part("div", "small"),
    processing: part("b"),
    use: part("div", "small"),
    delay: part("b"),
    backlog: part("b"),
    trend: part("div", "small"),
    letters: part("b"),
  };
  const flow = pipeline.sources.map((one) => one.name).join(", ") + " → " + pipeline.sinks.map((one) => one.name).join(", ");
  const types = pipeline.sources.map((one) => one.type).join(", ") + " → " + pipeline.sinks.map((one) => one.type).join(", ");
  const link = "#/p/" + encodeURIComponent(pipeline.name);
  const contents = [
    [h("a", { class: "name", href: link }, pipeline.name), h("div", { class: "small", title: types }, flow)],
    [cells.state, cells.why, cells.error],
    [line.element],
    [cells.records, cells.bytes],
    [cells.rows, cells.total],
    [cells.processing, use.element, cells.use],
    [cells.delay],
    [cells.backlog, cells.trend],
    [cells.letters],
  ];
  const row = h("tr", { "data-pipeline": pipeline.name }, contents.map((content, index) => h("td", { "data-label": HEADS[index], class: "c" + index }, content)));
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a, button") && !getSelection().toString()) location.hash = link;
  });
  Object.assign(row, { shown: cells, line, use });
  return row;
}

function update(row, pipeline, now) {
  const cells = row.shown;
  const last = pipeline.last || {};
  attribute(row, "data-state", pipeline.state);
  text(cells.state, stateWords(pipeline));
  attribute(cells.state, "data-state", pipeline.state);
  prose(cells.why, pipeline.why?.sentence || "");
  const error = pipeline.last_error;
  const isOld = error && !["waiting", "failed"].includes(pipeline.state);
  prose(cells.error, isOld ? "last error " + ago(error.time_ms, now) + ": " + error.component + ": " + error.reason : "");
  row.line.draw(pipeline.spark);
  text(cells.records, short(pipeline.records_per_second) + "/s");
  text(cells.bytes, bytes(pipeline.bytes_per_second) + "/s");
  text(cells.rows, short(pipeline.rows_per_second) + "/s");
  text(cells.total, number(pipeline.rows) + " rows");
  text(cells.processing, millis(last.processing_ms));
  const part = pipeline.why?.utilisation;
  row.use.draw(part, pipeline.why?.target);
  text(cells.use, part === null || part === undefined ? (pipeline.last ? "no interval" : "no batch yet") : percent(part) + " of " + millis(pipeline.interval_ms));
  text(cells.delay, millis(last.scheduling_delay_ms));
  text(cells.backlog, short(pipeline.backlog));
  text(cells.trend, trend(pipeline));
  text(cells.letters, number(pipeline.dead_letters));
  attribute(cells.letters, "class", pipeline.dead_letters > 0 ? "count" : null);
}

/** Shows it. */
export function front(main) {
  const body = h("tbody");
  const sum = h("p", { class: "sum", role: "status" });
  const head = h("thead", null, h("tr", null, HEADS.map((title, index) => h("th", { scope: "col", class: "c" + index }, title))));
  main.append(h("h1", { class: "hidden" }, "Pipelines"), sum, h("div", { class: "scroll" }, h("table", { class: "pipelines" }, head, body)));
  const end = follow(({ pipelines, now_ms }) => {
    keyed(body, pipelines, (one) => one.name, create, (row, one) => update(row, one, now_ms));
    const total = (pick) => pipelines.reduce((all, one) => all + pick(one), 0);
    const running = pipelines.filter((one) => one.state === "running").length;
    text(sum, running + " of " + pipelines.length + (pipelines.length === 1 ? " pipeline runs" : " pipelines run") + ", " + short(total((one) => one.records_per_second)) + " records/s, " + bytes(total((one) => one.bytes_per_second)) + "/s");
  });
  return { end };
}
