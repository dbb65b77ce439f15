// The frame of the dashboard: which page is shown, how the gateway is, whether it answers.

import { ask } from "./api.js";
import { attribute, h, prose, text } from "./dom.js";
import { seconds } from "./format.js";
import { follow, live, start } from "./live.js";
import { front } from "./front.js";
import { pipeline } from "./pipeline.js";
import { config } from "./config.js";

const byId = (id) => document.getElementById(id);
const main = byId("main");
let shown = null;

/** `#/p/NAME/TAB/MORE` as `[name, tab, more]`. */
function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  if (parts[0] === "p" && parts[1]) return { page: pipeline, name: parts[1], rest: parts.slice(2), title: parts[1] };
  if (parts[0] === "config") return { page: config, rest: [], title: "configuration" };
  return { page: front, rest: [], title: null };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function show() {
  const to = route();
  const isMove = shown !== null;
  shown?.end?.();
  main.replaceChildren();
  shown = to.page(main, to);
  document.title = (to.title ? to.title + " – " : "") + "Forebay";
  byId("crumbs").replaceChildren(...(to.title ? [h("span", { "aria-hidden": "true" }, "/"), h("b", null, to.title)] : []));
  if (isMove) {
    main.focus({ preventScroll: true });
    if (!to.rest.length) scrollTo(0, 0);
  }
}

/** How bad it is: the worst of all pipelines. */
function mood({ status, pipelines }) {
  if (status === "lost") return "lost";
  const states = pipelines.map((pipeline) => pipeline.state);
  for (const [state, name] of [["failed", "bad"], ["waiting", "warn"], ["paused", "still"], ["draining", "still"], ["starting", "starting"]]) {
    if (states.includes(state)) return name;
  }
  return status === "connecting" ? "starting" : "good";
}

function told(now) {
  const feeling = mood(now);
  attribute(document.documentElement, "data-mood", feeling);
  const banner = byId("banner");
  const lines = troubles(now);
  banner.hidden = !lines.length;
  if (banner.told !== JSON.stringify(lines)) {
    banner.told = JSON.stringify(lines);
    banner.replaceChildren(...lines.map(([name, words]) => troubleLine(name, words)));
  }
  const words = {
    connecting: "connecting",
    live: "live",
    lost: "no answer for " + seconds((Date.now() - now.lost_since) / 1e3),
  };
  text(byId("link"), words[now.status]);
  attribute(byId("link"), "data-status", now.status);
}

function troubleLine(name, words) {
  const told = h("span");
  prose(told, words);
  return h("p", null, name && h("a", { href: "#/p/" + encodeURIComponent(name) }, name), told);
}

/** What a person should know wherever they are. */
function troubles(now) {
  if (now.status === "lost") return [[null, "The gateway does not answer since " + new Date(now.lost_since).toLocaleTimeString("en-GB") + ". What is shown is how it was then; it is asked again."]];
  const lines = now.pipelines
    .filter((pipeline) => ["waiting", "failed"].includes(pipeline.state))
    .map((pipeline) => [pipeline.name, pipeline.state === "failed" ? " failed: " + pipeline.reason : " waits for " + pipeline.component + ": " + pipeline.reason]);
  return lines.length > 3 ? [...lines.slice(0, 3), [null, "and " + (lines.length - 3) + " more"]] : lines;
}

function theme(wanted) {
  const root = document.documentElement;
  attribute(root, "data-theme", wanted);
  text(byId("theme"), wanted || "auto");
  attribute(byId("theme"), "aria-label", "theme: " + (wanted || "auto"));
  document.dispatchEvent(new Event("theme"));
}

function setUpTheme() {
  const order = { auto: "light", light: "dark", dark: null };
  theme(localStorage.getItem("theme"));
  byId("theme").addEventListener("click", () => {
    const next = order[localStorage.getItem("theme") || "auto"];
    if (next) localStorage.setItem("theme", next);
    else localStorage.removeItem("theme");
    theme(next);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));
}

setUpTheme();
byId("skip").addEventListener("click", () => main.focus());
addEventListener("hashchange", show);
show();
follow(told);
start();
ask("/api/version").then(
  ({ version, started_ms }) => text(byId("about"), "Forebay " + version + ", started " + new Date(started_ms).toLocaleString("en-GB")),
  () => {},
);
