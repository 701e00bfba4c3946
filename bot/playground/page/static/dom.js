// Builds elements without ever writing markup from data: what a bot sends stays text.

/** `el("div.card.wide", {title: "x", onclick: f}, "text", child, null)`; null and false children are left out. */
export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Puts keyed children into a parent in order; a child whose `stamp` is unchanged is kept as it stands. */
export function keyed(parent, items, make) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let at = null;
  for (const { key, stamp, value } of items) {
    let node = old.get(key);
    if (!node || node.dataset.stamp !== stamp) {
      const made = make(value, node);
      made.dataset.key = key;
      made.dataset.stamp = stamp;
      if (node) {
        node.replaceWith(made);
        made.classList.add("changed");
      }
      node = made;
    }
    old.delete(key);
    const next = at ? at.nextSibling : parent.firstChild;
    if (next !== node) parent.insertBefore(node, next);
    at = node;
  }
  for (const node of old.values()) node.remove();
}
