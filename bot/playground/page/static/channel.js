// The left side: a channel's messages, their threads, and the composers.
import { el, keyed } from "./dom.js";
import { message } from "./message.js";

const LAST = 4; // replies shown while earlier ones are folded
const SAME = 300; // seconds within which messages of one author are joined

/** A list that follows its end, as long as the reader is there. */
export class Channel {
  constructor(list, send) {
    this.list = list;
    this.send = send;
    this.closed = new Set();
    this.unfolded = new Set();
    this.state = null;
  }

  /** Draws the state again; what has not changed keeps its elements. */
  show(state) {
    const { list } = this;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    this.state = state;
    const roots = state.messages.filter((one) => !one.thread_ts || one.thread_ts === one.ts || one.in_channel_too);
    keyed(list, roots.map((one) => ({ key: one.ts, stamp: "", value: one })), () => el("section.post"));
    roots.forEach((one, index) => {
      const replies = one.in_channel_too ? [] : this.replies(one);
      const before = roots[index - 1];
      const follows = !one.author.bot && joined(before, one) && !this.replies(before).length;
      const post = list.children[index];
      this.post(post, one, follows);
      this.thread(post, one, replies);
    });
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  replies(one) {
    return this.state.messages.filter((other) => other.thread_ts === one.ts && other.ts !== one.ts);
  }

  /** Draws a post's first message if it changed; its thread below stays as it is. */
  post(post, one, follows) {
    const stamp = JSON.stringify([one, follows, this.state.user]);
    if (post.dataset.seen === stamp) return;
    const made = message(one, this.context(one), follows);
    if (post.dataset.seen) {
      made.classList.add("changed");
      post.firstChild.replaceWith(made);
    } else post.prepend(made);
    post.dataset.seen = stamp;
  }

  context(data) {
    return {
      names: this.state.names,
      interact: (what) => this.send({ kind: "control", ts: data.ts, ...what }),
      shortcut: data.only_you ? null : () => this.send({ kind: "shortcut", text: "form.show", ts: data.ts }),
    };
  }

  /** Draws a post's thread in place, so that an answer being written is not lost. */
  thread(post, one, replies) {
    let box = post.querySelector(":scope > .thread");
    if (!replies.length) return box?.remove();
    if (!box) post.append((box = this.emptyThread(one)));
    const folded = this.closed.has(one.ts);
    const earlier = this.unfolded.has(one.ts) ? 0 : Math.max(replies.length - LAST - 1, 0);
    const shown = folded ? [] : replies.slice(earlier);
    box.classList.toggle("folded", folded);
    const count = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
    box.querySelector(".fold").textContent = count;
    const more = box.querySelector(".earlier");
    more.hidden = folded || earlier === 0;
    more.textContent = `Show ${earlier} earlier ${earlier === 1 ? "reply" : "replies"}`;
    const list = box.querySelector(".replies");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    keyed(
      list,
      shown.map((reply, index) => ({
        key: reply.ts,
        stamp: JSON.stringify([reply, index > 0, this.state.user]),
        value: { reply, follows: joined(shown[index - 1], reply) },
      })),
      ({ reply, follows }) => message({ ...reply, in_channel_too: false }, this.context(reply), follows),
    );
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  emptyThread(one) {
    const again = () => this.show(this.state);
    const fold = () => {
      if (!this.closed.delete(one.ts)) this.closed.add(one.ts);
      again();
    };
    const unfold = () => {
      this.unfolded.add(one.ts);
      again();
    };
    const field = composer("Reply… e.g. @Graylight status", (text) => this.send({ kind: "say", text, thread_ts: one.ts }));
    return el(
      "div.thread", {},
      el("button.fold", { type: "button", onclick: fold }),
      el("button.earlier", { type: "button", onclick: unfold }),
      el("div.replies"),
      field,
    );
  }
}

function joined(before, one) {
  return Boolean(
    before && before.author.id === one.author.id && !before.only_you && !one.only_you && !one.in_channel_too
    && Number(one.ts) - Number(before.ts) < SAME,
  );
}

/** A field to write in; Enter sends, the arrows bring back what was sent. */
export function composer(placeholder, send) {
  const sent = [];
  let at = 0;
  const field = el("textarea", { rows: 1, placeholder, "aria-label": placeholder });
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  };
  const put = (text) => {
    field.value = text;
    fit();
  };
  const go = async () => {
    const text = field.value.trim();
    if (!text) return;
    sent.push(text);
    at = sent.length;
    put("");
    await send(text);
  };
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      go();
    } else if (event.key === "ArrowUp" && at > 0 && (!field.value || field.value === sent[at])) {
      event.preventDefault();
      put(sent[(at -= 1)]);
    } else if (event.key === "ArrowDown" && at < sent.length && field.value === sent[at]) {
      event.preventDefault();
      put(sent[(at += 1)] ?? "");
    }
  });
  const button = el("button.send", { type: "button", title: "Send", onclick: go }, "➤");
  const box = el("div.composer", {}, field, button);
  box.put = (text) => {
    put(text);
    field.focus();
  };
  return box;
}
