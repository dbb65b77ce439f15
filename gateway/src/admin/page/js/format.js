// Numbers, sizes and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
// A zero has no sign, also where it was rounded to it.
const group = (digits) => digits.replaceAll(",", "\u202f").replace(/^-0$/, "0");
const few = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

/** `1 234 567`, or `–` if it is not known. */
export const number = (value) => (known(value) ? group(whole.format(value)) : "–");

/** Three digits: `12.3 k`, `4.56 M`. */
export function short(value) {
  if (!known(value)) return "–";
  const size = Math.abs(value);
  if (size >= 999.5e6) return few.format(value / 1e9) + " G";
  if (size >= 999.5e3) return few.format(value / 1e6) + " M";
  if (size >= 9999.5) return few.format(value / 1e3) + " k";
  return size >= 100 ? number(value) : few.format(size < 5e-4 ? 0 : value);
}

/** `1.5 MiB`. */
export function bytes(value) {
  if (!known(value)) return "–";
  let unit = 0;
  while (Math.abs(value) >= 1023.5 && unit < 4) {
    value /= 1024;
    unit += 1;
  }
  return (value >= 100 || unit === 0 ? whole : few).format(value) + " " + ["B", "KiB", "MiB", "GiB", "TiB"][unit];
}

/** A length of time, of milliseconds. */
export function millis(value) {
  if (!known(value)) return "–";
  if (value < 0.005) return "0 ms";
  if (value < 9.95) return few.format(value < 1 ? Number(value.toPrecision(2)) : value) + " ms";
  if (value < 9999.5) return number(value) + " ms";
  return seconds(value / 1e3);
}

/** A length of time, of seconds. */
export function seconds(value) {
  if (!known(value)) return "–";
  if (value < 99.5) return few.format(value) + " s";
  if (value < 99.5 * 60) return whole.format(value / 60) + " min";
  if (value < 72 * 3600) return few.format(value / 3600) + " h";
  return whole.format(value / 86400) + " days";
}

/** `87 %`. */
export const percent = (part) => (known(part) ? number(part * 100) + " %" : "–");

/** A time of day, of milliseconds since 1970. */
export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

/** How long ago it is. */
export const ago = (time, now) => (now - time < 1500 ? "now" : seconds((now - time) / 1e3) + " ago");

/** A word of the API as one of a sentence. */
export const words = (word) => String(word).replaceAll("_", " ");

/** A position: an offset, or whatever the source counts in. */
export const position = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
