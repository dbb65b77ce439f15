// How all pipelines stand, as the gateway tells it once a second.

/** Nothing for so long is a lost connection, in milliseconds. */
const SILENCE = 4000;
/** The pause before the events are asked for anew, in milliseconds. */
const PAUSE = 2000;

const listeners = new Set();
let source = null;
let seen = 0;
let again = 0;

/** What was told last. `status` is "connecting", "live" or "lost". */
export const live = { now_ms: 0, pipelines: [], status: "connecting", lost_since: 0 };

/** Hears of every change; returns what ends that. */
export function follow(listener) {
  listeners.add(listener);
  if (live.now_ms) listener(live);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener(live);
}

function open() {
  clearTimeout(again);
  source?.close();
  source = new EventSource("/api/live");
  source.addEventListener("pipelines", (event) => {
    seen = Date.now();
    Object.assign(live, JSON.parse(event.data));
    live.status = "live";
    tell();
  });
  source.addEventListener("error", () => {
    // Where it does not try again by itself, we do.
    if (source.readyState === EventSource.CLOSED) again = setTimeout(open, PAUSE);
  });
}

function watch() {
  const silent = Date.now() - seen;
  if (source && live.status !== "lost" && silent > SILENCE) {
    live.status = "lost";
    live.lost_since = seen;
    tell();
  } else if (live.status === "lost") {
    tell();
  }
}

/** Begins. A hidden tab asks for nothing. */
export function start() {
  seen = Date.now();
  open();
  setInterval(watch, 1000);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(again);
    if (document.hidden) {
      source?.close();
      source = null;
    } else {
      seen = Date.now();
      open();
    }
  });
}
