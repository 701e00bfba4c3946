// The `markdown` block: the part of Markdown that bots write.
import { el } from "./dom.js";
import { anchor } from "./mrkdwn.js";

const SPAN = /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|\*(\S(?:.*?\S)?)\*|~~(.+?)~~|\[([^\]]+)\]\(([^)\s]+)\)/;

function spans(text) {
  const out = document.createDocumentFragment();
  for (let rest = text; rest; ) {
    const found = rest.match(SPAN);
    if (!found) {
      out.append(rest);
      break;
    }
    const [all, code, bold, bold2, italic, gone, label, address] = found;
    out.append(rest.slice(0, found.index));
    if (code) out.append(el("code", {}, code));
    else if (bold ?? bold2) out.append(el("strong", {}, spans(bold ?? bold2)));
    else if (italic) out.append(el("em", {}, spans(italic)));
    else if (gone) out.append(el("s", {}, spans(gone)));
    else out.append(anchor(address, label));
    rest = rest.slice(found.index + all.length);
  }
  return out;
}

const cells = (row) => row.replace(/^\s*\|?|\|?\s*$/g, "").split("|").map((cell) => cell.trim());

/** Headings, lists, quotes, fences, tables, rules and paragraphs. */
export function markdown(text) {
  const out = el("div.markdown");
  const rows = text.split("\n");
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    const heading = row.match(/^(#{1,6})\s+(.*)$/);
    const listed = row.match(/^(\s*)([-*+]|\d+\.)\s+(.*)$/);
    if (row.startsWith("```")) {
      const end = rows.findIndex((other, index) => index > at && other.startsWith("```"));
      const stop = end < 0 ? rows.length : end;
      out.append(el("pre", {}, rows.slice(at + 1, stop).join("\n")));
      at = stop;
    } else if (heading) out.append(el(`h${Math.min(heading[1].length + 2, 6)}`, {}, spans(heading[2])));
    else if (/^\s*(---|\*\*\*)\s*$/.test(row)) out.append(el("hr"));
    else if (row.includes("|") && /^[\s|:-]+$/.test(rows[at + 1] ?? "x")) {
      const table = el("table", {}, el("tr", {}, cells(row).map((cell) => el("th", {}, spans(cell)))));
      for (at += 2; at < rows.length && rows[at].includes("|"); at += 1)
        table.append(el("tr", {}, cells(rows[at]).map((cell) => el("td", {}, spans(cell)))));
      at -= 1;
      out.append(el("div.table-box", {}, table));
    } else if (row.startsWith(">")) out.append(el("blockquote", {}, spans(row.replace(/^>\s?/, ""))));
    else if (listed) {
      const mark = /\d/.test(listed[2]) ? listed[2] : "•";
      const item = el("span.item", {}, el("span.mark", {}, mark), el("span", {}, spans(listed[3])));
      item.style.marginLeft = `${listed[1].length * 0.6}em`;
      out.append(item);
    } else if (row.trim()) out.append(el("p", {}, spans(row)));
  }
  return out;
}
