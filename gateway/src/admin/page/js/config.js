// The configuration as it runs, defaults filled in, without secrets.

import { ask } from "./api.js";
import { card, h } from "./dom.js";

/** A table of keys and values; tables within become `a.b`. */
function keys(value, prefix = "") {
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = prefix ? prefix + "." + key : key;
    if (inner !== null && typeof inner === "object" && !Array.isArray(inner)) return keys(inner, name);
    const shown = inner === null ? "not set" : typeof inner === "string" ? inner : JSON.stringify(inner);
    return [h("tr", null, h("th", { scope: "row" }, name), h("td", { class: inner === null ? "unset" : inner === "[secret]" ? "secret" : null }, shown))];
  });
}

/** Shows it. */
export function config(main) {
  const find = h("input", { type: "search", placeholder: "find a key or value", "aria-label": "find" });
  const content = h("div", { class: "columns" });
  main.append(h("div", { class: "title" }, h("h1", null, "Configuration"), h("span", { class: "small" }, "as it was read at the start; limits that were changed since are on the page of their pipeline")), h("div", { class: "bar" }, find), content);
  const filter = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const section of content.children) {
      let some = false;
      const all = section.querySelector("h2").textContent.toLowerCase().includes(wanted);
      for (const row of section.querySelectorAll("tr")) {
        row.hidden = !all && !row.textContent.toLowerCase().includes(wanted);
        some ||= !row.hidden;
      }
      section.hidden = !some;
    }
  };
  find.addEventListener("input", filter);
  ask("/api/config").then(
    (told) => {
      const section = (title, value) => card(title, h("table", { class: "keys" }, h("tbody", null, keys(value))));
      const all = [section("[gateway]", told.gateway)];
      for (const kind of ["pipelines", "sources", "sinks"]) {
        for (const [name, value] of Object.entries(told[kind] || {})) all.push(section("[" + kind + "." + name + "]", value));
      }
      content.replaceChildren(...all);
      filter();
    },
    (error) => content.replaceChildren(h("p", { class: "empty" }, error.message)),
  );
  return {};
}
