/** On a narrow page one phone stands alone, and these choose which. */

import { el, setText } from "./dom.js";

export class Tabs {
  /** `chosen` is told the id of a phone. */
  constructor(root, chosen) {
    this.root = root;
    this.chosen = chosen;
    this.tabs = new Map();
    root.addEventListener("keydown", (event) => this.walk(event));
  }

  show(phones) {
    for (const phone of phones) {
      if (!this.tabs.has(phone.id)) this.add(phone);
      const unread = phone.messages.filter((one) => !one.read).length;
      const { dot, tab } = this.tabs.get(phone.id);
      dot.hidden = unread === 0;
      setText(dot, String(unread));
      tab.setAttribute("aria-label", unread ? `${phone.title}, ${unread} new` : phone.title);
    }
  }

  choose(id) {
    this.current = id;
    for (const [one, { tab }] of this.tabs) {
      tab.setAttribute("aria-selected", String(one === id));
      tab.tabIndex = one === id ? 0 : -1;
    }
  }

  add(phone) {
    const dot = el("span", { className: "dot", hidden: true });
    const tab = el("button", { type: "button", role: "tab", "data-tab": phone.id, onclick: () => this.chosen(phone.id) },
      el("span", {}, phone.title), dot);
    this.tabs.set(phone.id, { tab, dot });
    this.root.append(tab);
    this.choose(this.current);
  }

  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const ids = [...this.tabs.keys()];
    const next = ids[(ids.indexOf(this.current) + step + ids.length) % ids.length];
    this.chosen(next);
    this.tabs.get(next).tab.focus();
    event.preventDefault();
  }
}
