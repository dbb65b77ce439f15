// Builds and updates elements. Whatever comes from outside is put in as text, never as markup.

/** An element: `h("a", { class: "x", href: "#/" }, "text", child)`. `on…` are listeners. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element of a drawing. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** Sets a text, and touches nothing if it is there already. */
export function text(element, value) {
  const wanted = String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Sets a text in which what stands between backticks is code. */
export function prose(element, value) {
  if (element.told === value) return;
  element.told = value;
  element.replaceChildren(...String(value).split("`").map((part, index) => (index % 2 ? h("code", null, part) : part)));
}

/** Sets or takes away an attribute, and touches nothing if it is as wanted. */
export function attribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * Makes the children of an element those of a list, in its order. What stays is updated in place,
 * so that focus, selection and what is open stay too.
 */
export function keyed(parent, list, keyOf, create, update) {
  const known = parent.known || (parent.known = new Map());
  const wanted = new Set();
  let at = parent.firstElementChild;
  for (const item of list) {
    const key = keyOf(item);
    wanted.add(key);
    let element = known.get(key);
    if (!element) {
      element = create(item);
      known.set(key, element);
    }
    update(element, item);
    if (element === at) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  for (const [key, element] of known) {
    if (!wanted.has(key)) {
      element.remove();
      known.delete(key);
    }
  }
}

/** A card with a heading. */
export function card(title, ...children) {
  return h("section", { class: "card" }, title && h("h2", null, title), ...children);
}

/** A name and a value, for small facts. */
export function fact(name, value, title) {
  return h("div", { class: "fact", title }, h("dt", null, name), h("dd", null, value));
}

/** A table of texts: columns are `[title, class]`. */
export function table(columns, rows, empty) {
  if (!rows.length) return h("p", { class: "empty" }, empty || "there is none");
  const head = columns.map(([title, kind]) => h("th", { class: kind, scope: "col" }, title));
  const body = rows.map((row) => h("tr", null, row.map((value, index) => h("td", { class: columns[index][1], "data-label": columns[index][0] }, value))));
  return h("div", { class: "scroll" }, h("table", null, h("thead", null, h("tr", null, head)), h("tbody", null, body)));
}
