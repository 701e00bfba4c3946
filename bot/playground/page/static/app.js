// The playground's page: two sides, one stream of pushes, and what people do.
import { Channel, composer } from "./channel.js";
import * as cluster from "./cluster.js";
import { complain, modal } from "./dialog.js";
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
const field = composer("Message #releases, or /release help", (text) => send({ kind: "say", text }));
find(".write").append(field);
for (const example of [
  "/release canary k8sdemo v6 --soak 30s --keep 1m", "/release bluegreen k8sdemo v6 --keep 1m", "/release rolling k8sdemo v7",
  "/release status", "/release help",
]) {
  find(".examples").append(el("button", { type: "button", onclick: () => field.put(example) }, example));
}

function people(state) {
  const pick = (id) => () => {
    user = id;
    sessionStorage.setItem("user", id);
    connect();
  };
  find(".people").replaceChildren(
    ...state.people.map((person) =>
      el(`button${person.id === state.user ? ".chosen" : ""}`, { type: "button", title: person.id, onclick: pick(person.id) }, person.name)),
  );
}

function view(state) {
  const stamp = JSON.stringify([state.view?.id, state.view?.content, state.user]);
  if (open?.stamp === stamp) {
    if (state.view) complain(open.box, state.view.errors);
    return;
  }
  open?.box.remove();
  open = null;
  if (!state.view) return;
  const act = {
    submit: (filled) => send({ kind: "submit", filled }),
    close: () => send({ kind: "close" }),
    interact: (what) => send({ kind: "press", ...what }),
    search,
  };
  open = { stamp, box: modal(state.view, state.names, act) };
  document.body.append(open.box);
  open.box.showModal();
  open.box.querySelector("[data-input]")?.focus();
}

function connect() {
  stream?.close();
  stream = new EventSource(`events?user=${encodeURIComponent(user)}`);
  stream.addEventListener("slack", ({ data }) => {
    const state = JSON.parse(data);
    people(state);
    channel.show(state);
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
  post.scrollIntoView({ behavior: "smooth", block: "start" });
});

connect();
