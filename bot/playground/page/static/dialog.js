// Dialogs: confirm before a control acts, and modal views with their forms.
import { blocks as rendered } from "./blocks.js";
import { el } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

const said = (words, names) => (words.type === "mrkdwn" ? mrkdwn(words.text, names) : words.text);

/** Shows a confirm object; true if the person went through with it. */
export function confirmed(confirm, names) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (answer) => {
      box.close();
      box.remove();
      resolve(answer);
    };
    const style = confirm.style === "danger" ? "danger" : "primary";
    const yes = el(`button.control.${style}`, { type: "button", onclick: () => end(true) }, confirm.confirm.text);
    const no = el("button.control", { type: "button", onclick: () => end(false) }, confirm.deny.text);
    const box = el(
      "dialog.dialog",
      { oncancel: () => end(false) },
      el("header", {}, el("h2", {}, confirm.title.text), cross(() => end(false))),
      el("div.body", {}, said(confirm.text, names)),
      el("footer", {}, no, yes),
    );
    document.body.append(box);
    box.showModal();
    yes.focus();
  });
}

const cross = (close) => el("button.cross", { type: "button", title: "Close", onclick: close }, "✕");

/** A modal view as an open dialog; `act.submit(filled)`, `act.close()` and `act.interact` go to the app. */
export function modal(view, names, act) {
  const context = {
    names, search: act.search, channels: act.channels, interact: (what) => act.interact({ ...what, filled: filled(form) }),
  };
  const form = el("form.dialog-form", {
    onsubmit: (event) => {
      event.preventDefault();
      act.submit(filled(form));
    },
  });
  const { submit, close } = view.content;
  form.append(
    el("header", {}, el("h2", {}, view.content.title.text), cross(act.close)),
    el("div.body", {}, rendered(view.content.blocks, context)),
    el(
      "footer", {},
      el("button.control", { type: "button", onclick: act.close }, close?.text ?? (submit ? "Cancel" : "Close")),
      submit && el("button.control.primary", { type: "submit", disabled: view.content.submit_disabled }, submit.text),
    ),
  );
  return el("dialog.dialog.view", { oncancel: (event) => (event.preventDefault(), act.close()) }, form);
}

/** What stands in each input, to be put back by `restore` when the same view is drawn again. */
export function remember(dialog) {
  const kept = new Map();
  for (const input of dialog.querySelectorAll("label.input [data-action]")) {
    kept.set(name(input), { value: input.value, chosen: input.chosen });
  }
  return kept;
}

export function restore(dialog, kept) {
  for (const input of dialog.querySelectorAll("label.input [data-action]")) {
    const was = kept.get(name(input));
    if (!was) continue;
    if (input.restore) input.restore(was.chosen ?? null);
    else if (was.value !== undefined) input.value = was.value;
  }
}

const name = (input) => `${input.closest("label.input").dataset.block}/${input.dataset.action}`;

/** Says at each input what is wrong with it; `errors` is by block_id. */
export function complain(dialog, errors) {
  for (const place of dialog.querySelectorAll(".error")) place.textContent = errors[place.dataset.block] ?? "";
}

/** What a form holds, by action_id, as Slack writes it into `state.values`. */
function filled(form) {
  const out = {};
  for (const input of form.querySelectorAll("[data-input]")) {
    const { input: kind, action } = input.dataset;
    if (kind === "option") {
      const option = input.selectedOptions[0]?.data ?? null;
      out[action] = { selected_option: option };
    } else if (kind === "options") {
      const boxes = [...input.querySelectorAll("input:checked")].map((box) => box.data);
      out[action] = input.dataset.one ? { selected_option: boxes[0] ?? null } : { selected_options: boxes };
    } else if (kind === "external") out[action] = { selected_option: input.chosen ?? null };
    else out[action] = { [kind]: input.value === "" ? null : input.value };
  }
  return out;
}
