"use strict";
// Asks once a second and shows what it is told. Everything is put in as text.
const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const number = (value) => (value === null || value === undefined ? "?" : numbers.format(value));
const millis = (value) => (value === undefined ? "-" : number(value) + " ms");
const names = (list) => list.map((one) => one.name + " (" + one.type + ")").join(", ");

function cell(row, text, kind) {
  const td = row.insertCell();
  td.textContent = text;
  if (kind) td.className = kind;
  return td;
}

function show(pipeline) {
  const row = document.createElement("tr");
  const last = pipeline.last || {};
  const name = cell(row, pipeline.name);
  const flow = document.createElement("div");
  flow.className = "flow";
  flow.textContent = names(pipeline.sources) + " → " + names(pipeline.sinks);
  name.append(flow);
  const why = [pipeline.component, pipeline.reason].filter(Boolean).join(": ");
  cell(row, pipeline.state + (why ? ": " + why : ""), pipeline.state);
  cell(row, number(pipeline.records_per_second), "number");
  cell(row, number(pipeline.records), "number");
  cell(row, millis(last.processing_ms), "number");
  cell(row, millis(last.scheduling_delay_ms), "number");
  const rate = typeof last.rate === "number" ? " (" + number(last.rate) + "/s)" : "";
  cell(row, last.limited_by ? last.limited_by.replace("_", " ") + rate : "-");
  cell(row, number(pipeline.backlog), "number");
  cell(row, number(pipeline.dead_letters), "number");
  const more = cell(row, "");
  for (const part of ["batches", "splits", "components", "dead-letters"]) {
    const link = document.createElement("a");
    link.href = "/api/pipelines/" + encodeURIComponent(pipeline.name) + "/" + part;
    link.textContent = part;
    more.append(link);
  }
  return row;
}

async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(path + " answered " + answer.status);
  return answer.json();
}

async function look() {
  const link = document.getElementById("link");
  try {
    const { pipelines } = await ask("/api/pipelines");
    document.getElementById("pipelines").replaceChildren(...pipelines.map(show));
    link.textContent = "as of " + new Date().toLocaleTimeString();
    link.className = "";
  } catch (error) {
    link.textContent = "no answer (" + error.message + "); what is shown is old";
    link.className = "failed";
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}

ask("/api/version").then(
  ({ version }) => { document.getElementById("version").textContent = version; },
  () => {},
);
look();
