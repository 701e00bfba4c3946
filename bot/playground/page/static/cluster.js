// The right side: what users get now, and the pods that answer them.
import { PALETTE } from "./charts.js";
import { el, keyed, svg } from "./dom.js";

const SPAN = 60; // seconds of the split that the history shows
const APART = new Map([["errors", "#e01e5a"], ["unnamed", "#8a8a8c"]]); // answers that are no version's
const colors = new Map(APART);
const history = [];

/** A version keeps its color for as long as the page is open. */
function color(version) {
  if (!colors.has(version)) colors.set(version, PALETTE[(colors.size - APART.size) % PALETTE.length]);
  return colors.get(version);
}

const tag = (image) => (image.includes("@") ? image.split("@")[1].slice(7, 19) : (image.match(/:([^/:]+)$/)?.[1] ?? "latest"));

/** Draws a view of the cluster: `{deployments, services, samples}`. */
export function show(root, view) {
  for (const deployment of view.deployments) color(tag(deployment.image));
  split(root.querySelector(".split"), view.samples ?? {});
  deployments(root.querySelector(".deployments"), view.deployments);
  services(root.querySelector(".services"), view.services);
}

function split(box, samples) {
  const entries = Object.entries(samples).filter(([, count]) => count > 0);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  const now = performance.now() / 1000;
  if (total) history.push({ at: now, shares: Object.fromEntries(entries.map(([version, count]) => [version, count / total])) });
  while (history.length && history[0].at < now - SPAN) history.shift();
  const shares = percent(entries.map(([, count]) => count));
  const numbers = entries.map(([version, count], index) => {
    const node = el("div.number", {}, el("b", {}, `${shares[index]}%`), el("span", {}, version), el("small", {}, `${count} answers`));
    node.style.setProperty("--color", color(version));
    return node;
  });
  const bar = el("div.bar", { role: "img", "aria-label": entries.map(([v, n]) => `${v} ${n} of ${total}`).join(", ") });
  for (const [version, count] of entries) {
    const part = el("span", { title: `${version}: ${count} of ${total}` });
    part.style.flexGrow = count;
    part.style.background = color(version);
    bar.append(part);
  }
  const none = el("p.none", {}, "No answers yet.");
  box.replaceChildren(...(total ? [el("div.numbers", {}, numbers), bar, trail()] : [none]));
}

/** Whole per cent that sum to 100: what rounding leaves goes to the largest rests. */
function percent(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = counts.map((count) => (count / total) * 100);
  const shares = exact.map(Math.floor);
  const order = exact.map((share, index) => [share - shares[index], index]).sort(([a], [b]) => b - a);
  const left = 100 - shares.reduce((sum, share) => sum + share, 0);
  for (const [, index] of order.slice(0, left)) shares[index] += 1;
  return shares;
}

/** The shares over the last minute, stacked. */
function trail() {
  const [width, height] = [300, 54];
  const versions = [...colors.keys()].filter((version) => history.some(({ shares }) => shares[version]));
  const x = (index) => width * (1 - (history.at(-1).at - history[index].at) / SPAN);
  const floor = history.map(() => 0);
  const areas = versions.map((version) => {
    const low = [...floor];
    history.forEach((one, index) => (floor[index] += one.shares[version] ?? 0));
    const top = floor.map((share, index) => `${x(index)} ${height * (1 - share)}`);
    const back = low.map((share, index) => `${x(index)} ${height * (1 - share)}`).reverse();
    return svg("path", { d: `M${top.join("L")}L${back.join("L")}Z`, fill: color(version) });
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "trail", preserveAspectRatio: "none", role: "img" }, areas);
}

function deployments(box, all) {
  const items = all.map((one) => ({ key: one.name, stamp: "", value: one }));
  keyed(box, items, (one) => el("section.deployment", {}, el("header"), el("div.pods")));
  all.forEach((one, index) => deployment(box.children[index], one));
}

function deployment(node, { name, image, replicas, pods }) {
  const ready = pods.filter((pod) => pod.ready).length;
  const version = tag(image);
  node.style.setProperty("--color", color(version));
  node.classList.toggle("empty", pods.length === 0);
  node.querySelector("header").replaceChildren(
    el("span.version", {}, version),
    el("b", { title: image }, name),
    el(`span.count${ready === replicas ? "" : ".partly"}`, {}, `${ready}/${replicas} ready`),
  );
  keyed(
    node.querySelector(".pods"),
    pods.map((pod) => ({ key: pod.name, stamp: JSON.stringify(pod), value: pod })),
    (pod) => {
      const state = stateOf(pod);
      const label = pod.name.startsWith(`${name}-`) ? pod.name.slice(name.length + 1) : pod.name;
      const node = el(
        `div.pod.${state}`, { title: `${pod.name}\n${pod.ip || "no address yet"}\n${pod.reason ?? pod.phase}` },
        el("span.dot"), el("span.name", {}, label), el("small", {}, state === "ready" ? pod.ip : (pod.reason ?? pod.phase)),
      );
      if (pod.version) node.style.setProperty("--color", color(pod.version));
      return node;
    },
  );
}

function stateOf(pod) {
  if (pod.phase === "Terminating") return "leaving";
  if (pod.ready) return "ready";
  return /fail|crash|err|backoff|unschedul/i.test(`${pod.phase} ${pod.reason ?? ""}`) ? "broken" : "coming";
}

function services(box, all) {
  keyed(
    box,
    all.map((one) => ({ key: one.name, stamp: JSON.stringify(one), value: one })),
    ({ name, selector, type, versions }) => el(
      "div.service", {},
      el("div", {}, el("b", {}, name), el("small", {}, type)),
      el("div.selector", {}, Object.entries(selector ?? {}).map(([key, value]) => el("code", {}, `${key}=${value}`)), leads(versions)),
    ),
  );
}

/** The versions whose pods a Service selects now. */
function leads(versions) {
  if (!versions) return [];
  const shown = versions.map((version) => {
    const node = el("span.version", {}, version);
    node.style.setProperty("--color", color(version));
    return node;
  });
  return [el("span.arrow", {}, "→"), ...(shown.length ? shown : [el("span.none", {}, "no pods")])];
}
