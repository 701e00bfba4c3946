// The controls of Block Kit: buttons, menus, selects, and what people type into.
import { confirmed } from "./dialog.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";

/** Plain text with emoji shortcodes. */
export const plain = (words) =>
  (words?.text ?? "").replace(/:([a-z0-9_+-]+):/g, (all, name) => emoji(name) ?? all);

/** One element; `block` names the block that it stands in. */
export function control(element, block, context) {
  const make = CONTROLS[element.type];
  return make ? make(element, block, context) : el("span.unknown", {}, `[${element.type}]`);
}

/** Whether the app hears of a choice at once: in an input only where its block says so. */
const tells = (block, context) => context.interact && (block.type !== "input" || block.dispatch_action);

/** Lets a control act once at a time: it spins until the app has answered, and shows what went wrong. */
async function act(node, element, block, context, more = {}) {
  if (!(await confirmed(element.confirm, context.names))) return;
  node.classList.add("busy");
  const error = await context.interact({ action_id: element.action_id, block_id: block.block_id, value: element.value, ...more });
  node.classList.remove("busy");
  node.parentElement?.querySelector(":scope > .failed")?.remove();
  if (error) node.after(el("span.failed", { title: error }, "⚠"));
}

function button(element, block, context) {
  const style = element.style ? `.${element.style}` : "";
  const node = el(`button.control${style}`, { type: "button", title: element.accessibility_label }, plain(element.text));
  node.addEventListener("click", () => {
    if (element.url && /^https?:/.test(element.url)) follow(element.url);
    act(node, element, block, context);
  });
  return node;
}

/** Opens an address as a link does; the page itself leads to messages that stand on it. */
function follow(address) {
  const link = el("a", { href: address, target: "_blank", rel: "noreferrer" });
  document.body.append(link);
  link.click();
  link.remove();
}

function overflow(element, block, context) {
  const menu = el("div.menu", { popover: "auto" });
  const node = el("button.control.more", { type: "button", title: "More actions" }, "⋯");
  for (const option of element.options) {
    const choose = () => {
      menu.hidePopover();
      act(node, element, block, context, { option: option.value });
    };
    menu.append(el("button", { type: "button", onclick: choose }, plain(option.text)));
  }
  node.addEventListener("click", () => {
    menu.togglePopover();
    const at = node.getBoundingClientRect();
    menu.style.top = `${at.bottom + 4}px`;
    menu.style.left = `${Math.min(at.left, innerWidth - menu.offsetWidth - 8)}px`;
  });
  return el("span.menu-box", {}, node, menu);
}

function select(element, block, context) {
  const node = el("select.control", { "data-input": "option", "data-action": element.action_id });
  node.append(el("option", { value: "" }, plain(element.placeholder) || "Select an option"));
  const add = (parent, option) => {
    const item = el("option", { value: option.value }, plain(option.text));
    item.data = option;
    item.selected = element.initial_option?.value === option.value;
    parent.append(item);
  };
  for (const option of element.options ?? []) add(node, option);
  for (const group of element.option_groups ?? []) {
    const box = el("optgroup", { label: group.label.text });
    for (const option of group.options) add(box, option);
    node.append(box);
  }
  node.addEventListener("change", () => {
    if (node.value && tells(block, context)) act(node, element, block, context, { option: node.value });
  });
  return node;
}

function external(element, block, context) {
  const list = el("div.found");
  const node = el("input.control", {
    type: "text", placeholder: plain(element.placeholder) || "Search", autocomplete: "off",
    "data-input": "external", "data-action": element.action_id,
  });
  const show = (option) => {
    node.chosen = option;
    node.value = option ? plain(option.text) : "";
    list.replaceChildren();
  };
  const choose = (option) => {
    show(option);
    if (tells(block, context)) act(node, element, block, context, { option: option.value });
  };
  node.restore = show;
  if (element.initial_option) show(element.initial_option);
  const look = async (event) => {
    if (event.type === "input") node.chosen = null;
    if (node.value.length < (element.min_query_length ?? 3)) return list.replaceChildren();
    const query = node.chosen ? "" : node.value;
    const options = (await context.search?.({ action_id: element.action_id, query })) ?? [];
    if (document.activeElement !== node) return;
    list.replaceChildren(...options.map((option) =>
      el("button", { type: "button", onmousedown: (event) => event.preventDefault(), onclick: (event) => (event.preventDefault(), choose(option)) },
        plain(option.text), option.description && el("small", {}, plain(option.description)))));
    if (!options.length) list.replaceChildren(el("span.nothing", {}, "Nothing found"));
  };
  node.addEventListener("input", look);
  node.addEventListener("click", look);
  node.addEventListener("blur", () => {
    list.replaceChildren();
    if (!node.chosen) node.value = "";
  });
  return el("span.external", {}, node, list);
}

/** A conversation to choose: the channels of this workspace. */
function conversations(element, block, context) {
  const node = el("select.control", { "data-input": "selected_conversation", "data-action": element.action_id });
  node.append(el("option", { value: "" }, plain(element.placeholder) || "Select a conversation"));
  const channels = context.channels ?? [];
  const here = element.default_to_current_conversation ? channels[0]?.id : null;
  for (const { id, name } of channels) {
    const item = el("option", { value: id }, `# ${name}`);
    item.selected = (element.initial_conversation ?? here) === id;
    node.append(item);
  }
  return node;
}

function ticks(kind) {
  return (element, block, context) => {
    const one = kind === "radio";
    const box = el("div.ticks", { "data-input": "options", "data-action": element.action_id, "data-one": one || null });
    const chosen = one ? [element.initial_option] : (element.initial_options ?? []);
    for (const option of element.options) {
      const tick = el("input", { type: kind, name: element.action_id, value: option.value });
      tick.data = option;
      tick.checked = chosen.some((other) => other?.value === option.value);
      tick.addEventListener("change", () => {
        if (block.type !== "input") act(box, element, block, context, { option: option.value });
      });
      box.append(el("label", {}, tick, el("span", {}, plain(option.text),
        option.description && el("small", {}, plain(option.description)))));
    }
    return box;
  };
}

function typed(type, key = "value", initial = "initial_value") {
  return (element) => {
    const tag = element.multiline ? "textarea" : "input";
    const node = el(`${tag}.control`, {
      type: tag === "input" ? type : null, placeholder: plain(element.placeholder),
      maxlength: element.max_length, "data-input": key, "data-action": element.action_id,
      rows: tag === "textarea" ? 3 : null,
    });
    node.value = element[initial] ?? "";
    return node;
  };
}

const CONTROLS = {
  button,
  overflow,
  static_select: select,
  external_select: external,
  users_select: typed("text", "selected_user", "initial_user"),
  conversations_select: conversations,
  channels_select: typed("text", "selected_channel", "initial_channel"),
  checkboxes: ticks("checkbox"),
  radio_buttons: ticks("radio"),
  plain_text_input: typed("text"),
  number_input: typed("number"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  datepicker: typed("date", "selected_date", "initial_date"),
  timepicker: typed("time", "selected_time", "initial_time"),
};
