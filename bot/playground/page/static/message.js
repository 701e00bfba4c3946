// One message as Slack shows it: who, when, what, for whom.
import { blocks } from "./blocks.js";
import { clock, format } from "./dates.js";
import { el } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

const HUES = { U1: 265, U2: 158, U3: 32, U4: 210, U5: 345 };

function face(author) {
  if (author.bot) return el("span.face.bot", { "aria-hidden": "true" }, "G");
  const letters = author.name.split(" ").map((word) => word[0]).slice(0, 2).join("");
  const node = el("span.face", { "aria-hidden": "true" }, letters);
  node.style.setProperty("--hue", HUES[author.id] ?? 200);
  return node;
}

function files(message) {
  return (message.files ?? []).map((file) =>
    el("div.file", {}, el("span.sheet", {}, "📄"), el("span", {}, el("b", {}, file.title), el("small", {}, `${file.size} bytes`))));
}

/** `context` is what `blocks.js` wants; `follows` leaves out face and name, as for a second message in a row. */
export function message(data, context, follows = false) {
  const body = el("div.body");
  const drawn = data.blocks?.length || data.attachments?.some((one) => one.blocks);
  if (!drawn && data.text) body.append(el("div.text", {}, mrkdwn(data.text, context.names)));
  if (data.blocks?.length) body.append(el("div.blocks", {}, blocks(data.blocks, context)));
  for (const one of data.attachments ?? []) {
    const bar = el("div.attachment", {}, one.text && el("div.text", {}, mrkdwn(one.text, context.names)), blocks(one.blocks ?? [], context));
    if (/^#[0-9a-f]{3,8}$/i.test(one.color ?? "")) bar.style.setProperty("--bar", one.color);
    body.append(bar);
  }
  body.append(...files(data));
  if (!drawn && data.edited) body.append(el("small.edited", {}, "(edited)"));
  const when = el("time.when", { title: format(Number(data.ts), "{date_long} {time_secs}") }, clock(data.ts));
  const name = el("div.who", {}, el("b", {}, data.author.name), data.author.bot && el("span.app", {}, "APP"), when);
  const only = data.only_you && el("div.only-you", {}, el("span", { "aria-hidden": "true" }, "👁"), "Only visible to you");
  const echo = data.in_channel_too && el("div.only-you.echo", {}, "replied to a thread, also sent to the channel");
  const left = follows ? el("span.face.none", {}, when) : face(data.author);
  return el(
    `article.message${data.only_you ? ".private" : ""}${follows ? ".follows" : ""}`, { "data-ts": data.ts },
    only || echo,
    data.author.bot && context.shortcut &&
      el("button.shortcut", { type: "button", title: "A message shortcut", onclick: context.shortcut }, "⚡ Show the release"),
    el("div.row", {}, left, el("div.content", {}, !follows && name, body)),
  );
}
