// Slack's mrkdwn as elements: styles, code, quotes, lists, links, mentions, dates, emoji.
import { format } from "./dates.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";

const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

const STYLES = { "*": "strong", _: "em", "~": "s" };
const TOKEN = /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+-]+):|([*_~])(?=\S)/g;

/** A whole text; `names` gives people, groups and channels their names. */
export function mrkdwn(text, names = {}) {
  const out = document.createDocumentFragment();
  text.split(/```\n?([\s\S]*?)\n?```/).forEach((part, index) => {
    if (index % 2) out.append(el("pre", {}, plain(part)));
    else if (part) out.append(lines(part, names, out.childNodes.length > 0));
  });
  return out;
}

function lines(text, names, after) {
  const out = document.createDocumentFragment();
  const rows = text.split("\n");
  if (after && rows[0] === "") rows.shift();
  if (rows.length > 1 && rows.at(-1) === "") rows.pop();
  let quote = null;
  rows.forEach((row, index) => {
    const quoted = row.match(/^(?:>|&gt;) ?(.*)$/);
    const listed = row.match(/^(\s*)(•|◦|▪|-|\d+\.)\s+(.*)$/);
    if (quoted) {
      if (!quote) out.append((quote = el("blockquote")));
      else quote.append(el("br"));
      quote.append(inline(quoted[1], names));
      return;
    }
    quote = null;
    if (listed) {
      const mark = listed[2];
      const item = el("span.item", {}, el("span.mark", {}, mark), el("span", {}, inline(listed[3], names)));
      if (listed[1]) item.style.marginLeft = `${Math.min(listed[1].length, 8) * 0.5}em`;
      out.append(item);
      return;
    }
    if (row === "" && index > 0) out.append(el("span.gap"));
    else {
      out.append(inline(row, names));
      const next = rows[index + 1];
      if (next !== undefined && !/^(?:>|&gt;|\s*(?:•|◦|▪|-|\d+\.)\s)/.test(next) && next !== "") out.append(el("br"));
    }
  });
  return out;
}

/** One line. */
export function inline(text, names = {}) {
  const out = document.createDocumentFragment();
  let at = 0;
  TOKEN.lastIndex = 0;
  const pattern = new RegExp(TOKEN);
  for (let found; (found = pattern.exec(text)); ) {
    const [all, code, link, short, style] = found;
    let node = null;
    let end = found.index + all.length;
    if (code) node = el("code", {}, plain(code));
    else if (link) node = linked(link, names);
    else if (short) node = emoji(short) && el("span.emoji", { title: `:${short}:` }, emoji(short));
    else if (!/\w/.test(text[found.index - 1] ?? " ")) {
      const close = closing(text, found.index + 1, style);
      if (close > 0) {
        node = el(STYLES[style], {}, inline(text.slice(found.index + 1, close), names));
        end = close + 1;
      }
    }
    if (!node) {
      pattern.lastIndex = found.index + 1;
      continue;
    }
    out.append(plain(text.slice(at, found.index)), node);
    at = pattern.lastIndex = end;
  }
  out.append(plain(text.slice(at)));
  return out;
}

/** Where a style ends: the same mark after something, before no word; -1 if it does not. */
function closing(text, from, style) {
  for (let at = text.indexOf(style, from + 1); at > 0; at = text.indexOf(style, at + 1)) {
    const code = (text.slice(from, at).match(/`/g) ?? []).length % 2;
    if (!code && !/\s/.test(text[at - 1]) && !/\w/.test(text[at + 1] ?? " ")) return at;
  }
  return -1;
}

function linked(body, names) {
  const [target, label] = body.split(/\|(.*)/s);
  const mention = (mark, fallback) => el("span.mention", {}, `${mark}${names[fallback] ?? label ?? fallback}`);
  if (target.startsWith("@")) return mention("@", target.slice(1));
  if (target.startsWith("#")) return mention("#", target.slice(1));
  if (target.startsWith("!date^")) return dated(target, label);
  if (target.startsWith("!subteam^")) return mention("@", target.slice(9));
  if (target.startsWith("!")) return el("span.mention.loud", {}, `@${target.slice(1)}`);
  return anchor(target, label);
}

/** A link that opens elsewhere; only web and mail addresses become one. */
export function anchor(address, label) {
  if (!/^(https?:|mailto:)/.test(address)) return el("span", {}, plain(label ?? address));
  return el("a", { href: plain(address), target: "_blank", rel: "noreferrer noopener" }, plain(label ?? address));
}

function dated(target, fallback) {
  const [, epoch, pattern, link] = target.split("^");
  const at = Number(epoch);
  if (!Number.isFinite(at) || !pattern) return el("span", {}, plain(fallback ?? target));
  const words = format(at, pattern);
  const node = link ? anchor(link, words) : el("time", {}, words);
  node.title = format(at, "{date_long} {time_secs}");
  return node;
}
