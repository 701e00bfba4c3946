// The playground's page: two sides, one stream of pushes, and what people do.
import { blocks } from "./blocks.js";
import { Channel, composer } from "./channel.js";
import * as cluster from "./cluster.js";
import { complain, modal, remember, restore } from "./dialog.js";
import { el } from "./dom.js";

const find = (selector) => document.querySelector(selector);
let user = sessionStorage.getItem("user") ?? "U1";
let stream = null;
let open = null;

/** Does something as the present person; resolves to what went wrong, or null. */
async function send(what) {
  const answer = await fetch("act", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user, ...what }),
  }).then((response) => response.json(), () => ({ error: "the playground does not answer" }));
  return answer.error ?? null;
}

async function search(what) {
  const answer = await fetch("act", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user, kind: "search", ...what }),
  }).then((response) => response.json());
  return answer.options ?? [];
}

const channel = new Channel(find(".messages"), send);
const direct = new Channel(find(".direct"), send);
const kept = new Map(); // what stands in the inputs of each open view
let tab = "channel";
const field = composer("Message #releases, or /release help", (text) =>
  send({ kind: "say", text, channel: tab === "direct" ? `D${user}` : "C1" }));
find(".write").append(field);
find(".examples").append(
  el("button.bolt", { type: "button", title: "A global shortcut", onclick: () => send({ kind: "shortcut", text: "form.release" }) }, "⚡ Release a service"),
);
for (const example of [
  "/release", "/release canary k8sdemo v6 --soak 30s --keep 1m", "/release bluegreen k8sdemo v6 --keep 1m", "/release rolling k8sdemo v7",
  "/release status", "/release help",
]) {
  find(".examples").append(el("button", { type: "button", onclick: () => field.put(example) }, example));
}

function people(state) {
  const pick = (id) => () => {
    user = id;
    sessionStorage.setItem("user", id);
    connect();
    turn(tab);
  };
  find(".people").replaceChildren(
    ...state.people.map((person) =>
      el(`button${person.id === state.user ? ".chosen" : ""}`, { type: "button", title: person.id, onclick: pick(person.id) }, person.name)),
  );
}

/** Which of the three is looked at: the channel, the app's Home tab, or the conversation with it. */
function turn(to) {
  tab = to;
  for (const button of document.querySelectorAll(".tabs button")) button.classList.toggle("chosen", button.dataset.tab === to);
  for (const part of document.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== to;
  for (const part of [find(".examples"), find(".write")]) part.hidden = to === "home";
  if (to === "home") send({ kind: "home" });
}
for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => turn(button.dataset.tab));

function home(state) {
  const stamp = JSON.stringify([state.home, state.user]);
  const box = find(".home");
  if (box.dataset.stamp === stamp) return;
  box.dataset.stamp = stamp;
  const context = { names: state.names, interact: (what) => send({ kind: "tab", ...what }) };
  box.replaceChildren(...(state.home ? blocks(state.home.content.blocks, context) : []));
}

function view(state) {
  const stamp = JSON.stringify([state.view?.id, state.view?.content, state.user]);
  if (open?.stamp === stamp) {
    if (state.view) complain(open.box, state.view.errors);
    return;
  }
  const at = open?.id === state.view?.id ? document.activeElement?.dataset?.action : null;
  if (open) kept.set(open.id, remember(open.box));
  open?.box.remove();
  open = null;
  if (!state.view) return kept.clear();
  const act = {
    submit: (filled) => send({ kind: "submit", filled }),
    close: () => send({ kind: "close" }),
    interact: (what) => send({ kind: "press", ...what }),
    search,
    channels: state.channels,
  };
  open = { stamp, id: state.view.id, box: modal(state.view, state.names, act) };
  restore(open.box, kept.get(open.id) ?? new Map());
  document.body.append(open.box);
  open.box.showModal();
  (open.box.querySelector(`[data-action="${at}"]`) ?? open.box.querySelector("[data-input]"))?.focus();
  complain(open.box, state.view.errors);
}

function connect() {
  stream?.close();
  stream = new EventSource(`events?user=${encodeURIComponent(user)}`);
  stream.addEventListener("slack", ({ data }) => {
    const state = JSON.parse(data);
    people(state);
    channel.show(state);
    direct.show({ ...state, messages: state.direct });
    home(state);
    view(state);
    find(".online").classList.toggle("up", state.connected);
    find(".online").textContent = state.connected ? "bot connected" : "bot not connected";
  });
  stream.addEventListener("cluster", ({ data }) => cluster.show(find(".cluster"), JSON.parse(data)));
  stream.addEventListener("trouble", ({ data }) => (find(".trouble").textContent = JSON.parse(data).words));
  stream.onopen = () => document.body.classList.remove("lost");
  stream.onerror = () => document.body.classList.add("lost");
}

/** A permalink of this channel leads to its message here. */
document.addEventListener("click", (event) => {
  const [, whole, rest] = event.target.closest?.("a[href]")?.href.match(/\/archives\/C1\/p(\d+)(\d{6})$/) ?? [];
  const post = whole && document.querySelector(`[data-key="${whole}.${rest}"]`);
  if (!post) return;
  event.preventDefault();
  turn("channel");
  post.scrollIntoView({ behavior: "smooth", block: "start" });
});

turn("channel");
connect();
