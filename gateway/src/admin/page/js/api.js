// Asks the gateway.

/** What the gateway answered instead of what was asked for. */
export class Refused extends Error {
  constructor(status, error, help) {
    super(error);
    this.status = status;
    this.help = help;
  }
}

async function read(answer) {
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told.error || "it answered " + answer.status, told.help || "");
  return told;
}

/** The address of something of a pipeline. */
export const of = (pipeline, ...parts) => ["/api/pipelines", ...[pipeline, ...parts].map(encodeURIComponent)].join("/");

/** Reads. */
export async function ask(path, signal) {
  const signals = [AbortSignal.timeout(8000), signal].filter(Boolean);
  return read(await fetch(path, { signal: AbortSignal.any(signals) }));
}

/** Changes something. The header is one that no page of another origin can send. */
export async function act(path, body) {
  const headers = { "X-Forebay-Action": "1", "Content-Type": "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = "Bearer " + token;
  return read(await fetch(path, { method: "POST", headers, body: JSON.stringify(body || {}), signal: AbortSignal.timeout(8000) }));
}

/**
 * Looks again and again for as long as a page is shown: `look(signal)` every `every` milliseconds,
 * not while the tab is hidden, never two at once. Returns what ends it.
 */
export function repeat(every, look) {
  const end = new AbortController();
  let timer = 0;
  const round = async () => {
    try {
      if (!document.hidden) await look(end.signal);
    } catch (error) {
      // A lost connection is told by the header; a refusal is what the page shows by itself.
      if (!end.signal.aborted && error instanceof Refused) console.warn(error.message);
    }
    if (!end.signal.aborted) timer = setTimeout(round, every);
  };
  round();
  return () => {
    end.abort();
    clearTimeout(timer);
  };
}
