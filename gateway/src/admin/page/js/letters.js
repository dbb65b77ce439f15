// Dead letters: why, from where, the bytes; and sending them again.

import { replayDialog } from "./actions.js";
import { ask, of, repeat } from "./api.js";
import { attribute, h, keyed, text } from "./dom.js";
import { bytes, clock, number, position, words } from "./format.js";

const SHOWN = 200;

/** 16 bytes a line: place, hexadecimal, text. */
function dump(hex) {
  const lines = [];
  for (let at = 0; at < hex.length; at += 32) {
    const pairs = hex.slice(at, at + 32).match(/../g) || [];
    const chars = pairs.map((pair) => {
      const code = parseInt(pair, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : ".";
    });
    lines.push((at / 2).toString(16).padStart(6, "0") + "  " + pairs.join(" ").padEnd(48) + " " + chars.join(""));
  }
  return lines.join("\n");
}

function create(letter) {
  const known = ["text", "hex", "reason", "class", "stage", "source", "split", "size", "time", "pipeline", "position", "unreadable"];
  const rest = Object.entries(letter).filter(([key, value]) => !known.includes(key) && value !== null);
  const shown = letter.text ?? (letter.hex ? dump(letter.hex) : letter.unreadable ?? "no bytes were kept");
  const origin = [letter.source, letter.split, letter.position !== undefined && letter.position !== null ? "at " + position(letter.position) : null].filter(Boolean).join(", ");
  return h(
    "details",
    { class: "letter" },
    h("summary", null, h("span", { class: "pill", "data-state": "waiting" }, words(letter.class || "unreadable")), h("span", { class: "reason" }, letter.reason || "this line is no letter"), h("span", { class: "small" }, origin), h("span", { class: "small" }, letter.time ? clock(Date.parse(letter.time)) : "")),
    h("dl", { class: "facts" }, [["stage", letter.stage], ["size", letter.size === undefined ? null : bytes(letter.size)], ...rest.map(([key, value]) => [words(key), typeof value === "object" ? JSON.stringify(value) : String(value)])].filter(([, value]) => value).map(([key, value]) => h("div", { class: "fact" }, h("dt", null, key), h("dd", null, value)))),
    h("pre", { tabindex: "0" }, shown),
  );
}

const keyOf = (letter, index) => [letter.source, letter.split, letter.position, letter.batch, letter.time, index].join("\n");

/** What a replay is doing, in words. */
function replayWords(replay) {
  if (!replay) return "";
  const chosen = Object.values(replay.chosen).reduce((sum, count) => sum + count, 0);
  const sent = number(replay.sent) + " sent, " + number(replay.again) + " dead letters again";
  if (replay.phase === "running") return "A replay is under way: " + number(chosen) + " letters.";
  if (replay.phase === "failed") return "The last replay failed: " + replay.reason + "; no letter is lost, the next one goes on.";
  return "The last replay took " + number(chosen) + " letters: " + sent + ".";
}

/** Shows it. */
export function letters(content, { name }) {
  const list = h("div", { class: "letters" });
  const kind = h("select", { "aria-label": "class" }, h("option", { value: "" }, "every class"));
  const replay = h("button", { type: "button", id: "replay" }, "Replay");
  const note = h("span", { class: "small", role: "status" });
  const status = h("p", { id: "replay-status", role: "status" });
  content.append(h("div", { class: "bar" }, kind, replay, note), status, list);
  let told = null;

  function draw() {
    const classes = [...new Set(told.letters.map((letter) => letter.class).filter(Boolean))].sort();
    const options = ["", ...classes];
    if (options.join() !== [...kind.options].map((option) => option.value).join()) {
      const chosen = kind.value;
      kind.replaceChildren(...options.map((value) => h("option", { value, selected: value === chosen }, value ? words(value) : "every class")));
    }
    const wanted = told.letters.filter((letter) => !kind.value || letter.class === kind.value);
    // Equal letters differ by how many of them came before.
    const seen = new Map();
    const numbered = wanted.map((letter) => {
      const key = keyOf(letter, 0);
      seen.set(key, (seen.get(key) || 0) + 1);
      return { letter, key: keyOf(letter, seen.get(key)) };
    });
    const isHeld = list.querySelector("details[open]") !== null;
    if (!isHeld) keyed(list, numbered, (one) => one.key, ({ letter }) => create(letter), () => {});
    text(note, number(told.since_start) + " since the start; the newest " + wanted.length + " in " + told.kept_in + (told.complete === false ? ", of which not all could be read" : "") + (isHeld ? "; held while one is open" : ""));
    text(status, replayWords(told.replay));
    attribute(status, "data-bad", told.replay?.phase === "failed");
    replay.disabled = told.replay?.phase === "running" || !told.letters.length;
  }

  const look = async (signal) => {
    const answer = await ask(of(name, "dead-letters") + "?limit=" + SHOWN, signal);
    if (signal?.aborted) return;
    told = answer;
    draw();
  };
  kind.addEventListener("change", () => told && draw());
  replay.addEventListener("click", async () => {
    if (await replayDialog(name, kind.value)) await look().catch(() => {});
  });
  return { end: repeat(2000, look) };
}
