// Sources, receivers, sinks: what each shows of itself.

import { ask, of, repeat } from "./api.js";
import { card, fact, h, text } from "./dom.js";
import { ago, bytes, millis, number, percent, words } from "./format.js";
import { meter } from "./spark.js";

const ROLES = { source: "source", sink: "sink", dead_letters: "dead letters" };

/** A value of a state in words, by the unit that its name tells. */
function shown(name, value, now) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (/bytes$/.test(name)) return bytes(value);
  if (/(received|time|since|_at)_ms$/.test(name)) return ago(value, now);
  if (/_ms$/.test(name)) return millis(value);
  return number(value);
}

/** The facts of a state, nested ones flattened; long lists are counted. */
function facts(state, now, prefix = "") {
  return Object.entries(state || {}).flatMap(([key, value]) => {
    const name = prefix ? prefix + " " + words(key) : words(key);
    if (Array.isArray(value)) return [fact(name, value.length > 5 ? number(value.length) : value.map((one) => (typeof one === "object" ? JSON.stringify(one) : one)).join(", ") || "none")];
    if (value !== null && typeof value === "object") return facts(value, now, name);
    return [wideFact(name, shown(key, value, now))];
  });
}

function wideFact(name, value) {
  const element = fact(name, value);
  if (value.length > 18) element.classList.add("wide");
  return element;
}

/** What a receiver is doing, in a word. */
function receiverState(state) {
  if (!state.receiver) return state.last_end ? "restarting" : "starting";
  return state.receiver.listening === null ? "restarting" : "active";
}

function receiver(part, now) {
  const { state } = part;
  const journal = state.journal;
  const doing = receiverState(state);
  const children = [h("p", null, h("span", { class: "pill", "data-state": doing === "active" ? "running" : "waiting" }, doing), " ", h("span", { class: "small" }, number(state.restarts) + " restarts" + (state.last_end ? ", the last because: " + state.last_end : "")))];
  if (journal && part.journal_max_bytes) {
    const full = meter("how full the journal is");
    const level = (journal.bytes || 0) / part.journal_max_bytes;
    full.draw(level);
    const oldest = journal.oldest_received_ms ? ", its oldest record came " + ago(journal.oldest_received_ms, now) : "";
    children.push(h("p", null, "Journal ", full.element, " ", h("span", { class: "small" }, percent(level) + " of " + bytes(part.journal_max_bytes) + oldest)));
    if (level > 0.97) children.push(h("p", { class: "error" }, "The journal is full: senders are told to wait until the sinks have caught up."));
  }
  children.push(h("dl", { class: "facts" }, facts(state.receiver, now), facts(journal, now, "journal")));
  return children;
}

function sink(part, now) {
  const done = part.deliveries;
  const holds = fact("in flight", number(part.in_flight) + " rows", "given to it, and not answered for");
  if (!done) return [h("p", { class: "small" }, "no batch yet"), h("dl", { class: "facts" }, holds)];
  const times = done.write_ms;
  const list = [holds, fact("batches", number(done.batches)), fact("retries", number(done.retries)), fact("dead letters", number(done.dead_letters))];
  if (times) list.push(...["p50", "p95", "p99", "max"].map((key) => fact("write " + key, millis(times[key]), "of the last 512 batches")));
  const error = done.last_error && h("p", { class: "error small" }, "last error, " + ago(done.last_error.time_ms, now) + ": " + done.last_error.reason);
  return [h("dl", { class: "facts" }, list), error].filter(Boolean);
}

/** Shows it. */
export function parts(content, { name, link }) {
  const list = h("div", { class: "columns" });
  const note = h("p", { class: "small" }, "asking");
  content.append(note, list);
  const stop = repeat(2000, async (signal) => {
    const told = await ask(of(name, "components") + "?brief=true", signal);
    if (signal.aborted) return;
    const now = Date.now();
    text(note, "");
    if (list.contains(document.activeElement) || getSelection().toString()) return;
    list.replaceChildren(
      ...told.components.map((part) => {
        const isReceiver = part.role === "source" && part.state && "restarts" in part.state;
        const own = isReceiver ? receiver(part, now) : part.state ? [h("dl", { class: "facts" }, facts(part.state, now))] : [h("p", { class: "small" }, "It shows nothing but its ", h("a", { href: link("splits") }, "splits"), ".")];
        const title = h("span", null, part.name, " ", h("span", { class: "small" }, part.type + ", " + (isReceiver ? "receiver" : ROLES[part.role])));
        return card(title, ...(part.role === "source" ? [] : sink(part, now)), ...own);
      }),
    );
  });
  return { end: stop };
}
