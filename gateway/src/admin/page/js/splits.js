// The splits. Only the rows that are seen are asked for and drawn, so that there may be thousands.

import { ask, of, repeat } from "./api.js";
import { attribute, h, keyed, text } from "./dom.js";
import { ago, millis, number, position, words } from "./format.js";

/** The height of a row, in pixels; the style sheet has it too. */
const ROW = 34;
/** Rows that are drawn above and below those that are seen. */
const SPARE = 10;

const COLUMNS = [["split", ""], ["position", "number wide"], ["end", "number wide"], ["lag", "number"], ["oldest", "number"], ["granted", "number"], ["taken", "number"], ["bounded by", "wide"], ["source", "wide"], ["gen.", "number wide"], ["heard", "wide"]];

function create() {
  const cells = COLUMNS.map(([title, kind]) => h("span", { role: "cell", class: kind, "data-column": title }));
  return Object.assign(h("div", { role: "row", class: "split" }, cells), { cells });
}

/** Shows it. */
export function splits(content, { name }) {
  let found = 0;
  let offset = 0;
  const order = h("select", { "aria-label": "order" }, [["lag", "most records wait"], ["age", "longest wait"], ["records", "most records given"], ["name", "name"]].map(([value, title]) => h("option", { value }, title)));
  const find = h("input", { type: "search", placeholder: "find a split or source", "aria-label": "find" });
  const note = h("span", { class: "small", role: "status" });
  const head = h("div", { role: "row", class: "split head" }, COLUMNS.map(([title, kind]) => h("span", { role: "columnheader", class: kind }, title)));
  const body = h("div", { class: "rows", role: "rowgroup" });
  const view = h("div", { class: "window", tabindex: "0", role: "table", "aria-label": "splits" }, head, body);
  content.append(h("div", { class: "bar" }, order, find, note), view);

  async function look(signal) {
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - SPARE);
    const count = Math.ceil(view.clientHeight / ROW) + 2 * SPARE;
    const query = new URLSearchParams({ limit: count, offset: first, order: order.value, find: find.value });
    const told = await ask(of(name, "splits") + "?" + query, signal);
    if (signal?.aborted) return;
    [found, offset] = [told.found, told.offset];
    text(note, number(told.found) + (told.found === told.known ? " splits" : " of " + number(told.known) + " splits") + ", backlog " + number(told.backlog));
    body.style.height = found * ROW + "px";
    attribute(view, "aria-rowcount", found + 1);
    const now = Date.now();
    const shown = told.splits.map((split, index) => ({ split, index: offset + index }));
    keyed(body, shown, ({ split }) => split.source + "\n" + split.split, create, (row, { split, index }) => {
      row.style.top = index * ROW + "px";
      attribute(row, "aria-rowindex", index + 2);
      const values = [split.split, position(split.until), position(split.end), number(split.lag), split.oldest_ms === null ? "–" : millis(split.oldest_ms), number(split.granted), number(split.records), words(split.limited_by), split.source, split.generation, ago(split.time_ms, now)];
      values.forEach((value, cell) => text(row.cells[cell], value));
      attribute(row.cells[0], "title", split.split);
    });
  }

  let waiting = 0;
  let latest = null;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      latest?.abort();
      latest = new AbortController();
      look(latest.signal).catch(() => {});
    }, 60);
  };
  view.addEventListener("scroll", soon, { passive: true });
  order.addEventListener("change", () => (view.scrollTo(0, 0), soon()));
  find.addEventListener("input", () => (view.scrollTo(0, 0), soon()));
  const stop = repeat(2000, look);
  return {
    end() {
      stop();
      clearTimeout(waiting);
      latest?.abort();
    },
  };
}
