// Slack's date tokens, in the reader's own time zone.

const day = 86_400_000;

function pretty(at, otherwise) {
  const start = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const away = Math.round((start(at) - start(new Date())) / day);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[away] ?? otherwise;
}

function ago(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, length] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit);
  }
  return words.format(seconds, "second");
}

/** `format(1800000000, "{date_short} at {time}")`; the epoch is in seconds. */
export function format(epoch, pattern) {
  const at = new Date(epoch * 1000);
  const with_ = (options) => new Intl.DateTimeFormat("en-GB", options).format(at);
  const date = () => with_({ day: "numeric", month: "long", year: "numeric" });
  const short = () => with_({ day: "numeric", month: "short", year: "numeric" });
  const long = () => with_({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const tokens = {
    date_num: () => with_({ year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-"),
    date,
    date_slash: () => with_({ year: "numeric", month: "2-digit", day: "2-digit" }),
    date_short: short,
    date_long: long,
    date_pretty: () => pretty(at, date()),
    date_short_pretty: () => pretty(at, short()),
    date_long_pretty: () => pretty(at, long()),
    time: () => with_({ hour: "2-digit", minute: "2-digit" }),
    time_secs: () => with_({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    ago: () => ago(at),
  };
  return pattern.replace(/\{(\w+)\}/g, (all, name) => (tokens[name] ? tokens[name]() : all));
}

/** The time of day of a message's `ts`. */
export const clock = (ts) => format(Number(ts), "{time}");
