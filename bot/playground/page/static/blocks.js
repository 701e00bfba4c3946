// Block Kit as elements: `blocks(list, context)`; a context has `names` and, where people may act, `interact`.
import { chart } from "./charts.js";
import { el } from "./dom.js";
import { control, plain } from "./inputs.js";
import { markdown } from "./markdown.js";
import { mrkdwn } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

const said = (words, context) => (words.type === "mrkdwn" ? mrkdwn(words.text, context.names) : plain(words));

function picture(element, style) {
  const address = element.image_url ?? "";
  const drawn = /^(data:image\/|\/)/.test(address); // the page fetches nothing from elsewhere
  return drawn ? el(`img.${style}`, { src: address, alt: element.alt_text }) : el(`span.${style}.missing`, {}, element.alt_text);
}

function section(block, context) {
  const body = el("div.words");
  if (block.text) body.append(el("div.text", {}, said(block.text, context)));
  if (block.fields) body.append(el("div.fields", {}, block.fields.map((field) => el("div", {}, said(field, context)))));
  const side = block.accessory;
  if (!side) return body;
  const shown = side.type === "image" ? picture(side, "thumbnail") : control(side, block, context);
  return el("div.with-side", {}, body, el("div.side", {}, shown));
}

function table(block, context) {
  const settings = block.column_settings ?? [];
  const cell = (value) => (value.type === "rich_text" ? richText(value, context.names) : String(value.text ?? value.value));
  const rows = block.rows.map((row, index) =>
    el("tr", {}, row.map((value, column) => {
      const { align = "left", is_wrapped: wraps = false } = settings[column] ?? {};
      return el(`${index ? "td" : "th"}.${align}${wraps ? ".wraps" : ""}`, {}, cell(value));
    })));
  return el("div.table-box", {}, el("table", {}, rows));
}

function container(block, context) {
  const title = block.rich_text_title ? richText(block.rich_text_title, context.names) : plain(block.title);
  const head = [el("span.title", {}, title), block.subtitle && el("span.subtitle", {}, said(block.subtitle, context))];
  const inner = el("div.inner", {}, blocks(block.child_blocks, context));
  if (!block.is_collapsible) return el(`div.container.${block.width ?? "standard"}`, {}, el("div.head", {}, head), inner);
  return el(`details.container.${block.width ?? "standard"}`, { open: !block.default_collapsed }, el("summary.head", {}, head), inner);
}

function input(block, context) {
  return el(
    "label.input", { "data-block": block.block_id },
    el("span.label", {}, plain(block.label), block.optional && el("small", {}, " (optional)")),
    control(block.element, block, context),
    block.hint && el("span.hint", {}, plain(block.hint)),
    el("span.error", { role: "alert", "data-block": block.block_id }),
  );
}

const BLOCKS = {
  section,
  table,
  container,
  input,
  header: (block) => el("h3.header", {}, plain(block.text)),
  divider: () => el("hr"),
  context: (block, context) =>
    el("div.context", {}, block.elements.map((one) =>
      one.type === "image" ? picture(one, "icon") : el("span", {}, said(one, context)))),
  actions: (block, context) => el("div.actions", {}, block.elements.map((one) => control(one, block, context))),
  context_actions: (block, context) => el("div.actions", {}, block.elements.map((one) => control(one, block, context))),
  image: (block) => el("figure.image", {}, block.title && el("figcaption", {}, plain(block.title)), picture(block, "large")),
  markdown: (block) => markdown(block.text),
  rich_text: (block, context) => richText(block, context.names),
  data_visualization: (block) => chart(block),
};

/** All blocks of a message or view, in order. */
export function blocks(list, context) {
  return list.map((block) => {
    const make = BLOCKS[block.type];
    const node = make ? make(block, context) : el("div.unknown", {}, `A “${block.type}” block, not drawn here`);
    return el(`div.block.block-${block.type}`, {}, node);
  });
}
