// What a person can change: pause, resume, limits, a replay. A token is asked for where one is
// needed, and kept until the tab is closed.

import { act, ask, of } from "./api.js";
import { h } from "./dom.js";

const dialog = document.getElementById("ask");

/** Opens the dialog with a form; resolves to what `read` makes of it, or to null. */
function form(title, fields, button, read) {
  return new Promise((resolve) => {
    const cancel = h("button", { type: "button", class: "quiet" }, "Cancel");
    const inner = h("form", null, h("h2", null, title), ...fields, h("p", { class: "buttons" }, cancel, h("button", { type: "submit", class: "main" }, button)));
    let result = null;
    inner.addEventListener("submit", (event) => {
      event.preventDefault();
      result = read();
      dialog.close();
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => resolve(result), { once: true });
    dialog.replaceChildren(inner);
    dialog.showModal();
  });
}

async function askForToken() {
  const field = h("input", { type: "password", autocomplete: "off", required: true, "aria-label": "token" });
  const token = await form("This needs the token", [h("p", { class: "small" }, "It is `admin_token` in [gateway]."), field], "Go on", () => field.value.trim());
  if (token) sessionStorage.setItem("token", token);
  return token;
}

function say(title, words) {
  return form(title, words.filter(Boolean).map((line) => h("p", null, line)), "Well", () => true);
}

/** Does something; asks for a token if the gateway wants one, and tells what it refuses. */
export async function perform(path, body) {
  for (;;) {
    try {
      return await act(path, body);
    } catch (error) {
      if (error.status === 401) {
        sessionStorage.removeItem("token");
        if (await askForToken()) continue;
        return null;
      }
      await say("That was not done", [error.message, error.help]);
      return null;
    }
  }
}

/** Pauses or resumes a pipeline. */
export const setPaused = (name, paused) => perform(of(name, paused ? "pause" : "resume"));

const OF_SOURCE = [
  ["max_rate", "records per second"],
  ["max_rate_per_split", "records per second of each split"],
  ["min_rate_per_split", "records per second that each split gets first"],
  ["max_bytes_per_second", "bytes per second"],
  ["max_bytes_per_second_per_split", "bytes per second of each split"],
];

/** All limits in force: `{ source, limit, unit, value }`. */
export function limitsOf(told) {
  const list = [{ source: null, limit: "max_rate", unit: "records per second, all sources together", value: told.max_rate }];
  for (const [source, limits] of Object.entries(told.sources)) {
    for (const [limit, unit] of OF_SOURCE) list.push({ source, limit, unit, value: amount(limits[limit]) });
  }
  return list;
}

const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** A number, or a size such as `10MiB` as bytes. */
function amount(value) {
  if (typeof value !== "string") return value ?? null;
  const [, number, unit] = value.match(/^([\d.]+)\s*([KMGT]?i?B)?$/) || [];
  return number === undefined ? null : Number(number) * (UNITS[unit] || 1);
}

/** Lets a person change one limit of a pipeline. */
export async function limitDialog(name, wanted) {
  const list = limitsOf(await ask(of(name, "limits")));
  const chosen = Math.max(0, list.findIndex((one) => one.source === (wanted?.source ?? null) && one.limit === wanted?.limit));
  const options = list.map((one, index) => h("option", { value: index, selected: index === chosen }, (one.source ? one.source + ": " : name + ": ") + one.limit));
  const which = h("select", { "aria-label": "limit", id: "limit-which" }, options);
  const value = h("input", { type: "number", min: "0", step: "any", placeholder: "no limit", "aria-label": "value", id: "limit-value" });
  const unit = h("p", { class: "small" });
  const show = () => {
    const one = list[Number(which.value)];
    value.value = one.value ?? "";
    unit.textContent = one.unit + "; empty = no limit. It holds from the next batch until the gateway ends or reads its configuration again.";
  };
  which.addEventListener("change", show);
  show();
  const read = () => ({ ...list[Number(which.value)], value: value.value === "" ? null : Number(value.value) });
  const change = await form("Change a limit of " + name, [which, value, unit], "Set", read);
  if (!change) return null;
  return perform(of(name, "limits"), { source: change.source, limit: change.limit, value: change.value });
}

/** Sends dead letters again, if the person means it. */
export async function replayDialog(name, class_) {
  const words = (class_ ? "Letters of class " + class_ : "All letters") + " go to the decoder of their source and to all sinks again, with the configuration as it runs. Each is delivered at least once.";
  const sure = await form("Replay the dead letters of " + name + "?", [h("p", null, words)], "Replay", () => true);
  return sure ? perform(of(name, "replay"), class_ ? { class: class_ } : {}) : null;
}
