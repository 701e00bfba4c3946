// The `rich_text` block.
import { format } from "./dates.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { anchor } from "./mrkdwn.js";

const TAGS = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };

function piece(part, names) {
  const mention = (mark, id) => el("span.mention", {}, `${mark}${names[id] ?? id}`);
  const plain = {
    text: () => document.createTextNode(part.text),
    link: () => anchor(part.url, part.text ?? part.url),
    emoji: () => el("span.emoji", {}, emoji(part.name) ?? `:${part.name}:`),
    user: () => mention("@", part.user_id),
    usergroup: () => mention("@", part.usergroup_id),
    channel: () => mention("#", part.channel_id),
    broadcast: () => el("span.mention.loud", {}, `@${part.range}`),
    date: () => el("time", {}, format(part.timestamp, part.format)),
    color: () => el("code", {}, part.value),
  };
  let node = (plain[part.type] ?? (() => document.createTextNode("")))();
  for (const [style, tag] of Object.entries(TAGS)) if (part.style?.[style]) node = el(tag, {}, node);
  return node;
}

function section(element, names) {
  const pieces = element.elements.map((part) => piece(part, names));
  switch (element.type) {
    case "rich_text_list": {
      const items = element.elements.map((item) => el("li", {}, item.elements.map((part) => piece(part, names))));
      const list = el(element.style === "ordered" ? "ol" : "ul", { start: (element.offset ?? 0) + 1 }, items);
      list.style.marginLeft = `${(element.indent ?? 0) * 1.4}em`;
      return list;
    }
    case "rich_text_preformatted":
      return el("pre", {}, pieces);
    case "rich_text_quote":
      return el("blockquote", {}, pieces);
    default:
      return el("div.text", {}, pieces);
  }
}

/** A rich text block, or one in a table's cell. */
export const richText = (block, names = {}) => el("div.rich", {}, block.elements.map((element) => section(element, names)));
