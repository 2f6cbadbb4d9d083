/** The septet meter and the countdowns of a call. */

import { el, setText } from "./dom.js";

const EVERY = 250;

/** How full a screen is: our own budget, and what a network carries. */
export class Meter {
  constructor() {
    this.bar = el("i");
    this.mark = el("b");
    this.words = el("span");
    this.root = el("div", { className: "meter", role: "group", "aria-label": "Room on the screen" },
      el("p", { className: "small" }, "Screen ", this.words), el("div", { className: "gauge", "aria-hidden": "true" }, this.bar, this.mark));
  }

  show(fill) {
    this.root.dataset.level = !fill || fill.used <= fill.budget ? "good" : fill.used <= fill.room ? "tight" : "over";
    setText(this.words, fill
      ? `${fill.used} of ${fill.budget} (at most ${fill.room}), ${fill.alphabet}`
      : "empty");
    this.bar.style.width = fill ? `${Math.min(100, (100 * fill.used) / fill.room)}%` : "0";
    this.mark.style.left = fill ? `${(100 * fill.budget) / fill.room}%` : "88%";
  }
}

const CLOCKS = [
  ["session", "Session", "session_life"],
  ["idle", "Next key", "idle_limit"],
  ["answer", "Answer", "answer_limit"],
];

/** Three clocks that run down. The network ends the call by its own clock, not by these. */
export class Limits {
  constructor() {
    this.clocks = Object.fromEntries(CLOCKS.map(([name]) => [name, { bar: el("i"), left: el("span") }]));
    this.root = el("div", { className: "limits" }, CLOCKS.map(([name, label]) =>
      el("div", { className: "limit", "data-clock": name }, el("p", { className: "small" }, label, " ", this.clocks[name].left),
        el("div", { className: "gauge", "aria-hidden": "true" }, this.clocks[name].bar))));
    this.spent = {};
    setInterval(() => document.hidden || this.draw(), EVERY);
  }

  /** `waited`: seconds that the answer has been under way, or null. */
  show(call, waited) {
    const open = call?.state === "open";
    this.limits = call?.limits ?? {};
    this.since = performance.now();
    this.spent = {
      session: open ? call.age : null,
      idle: open && waited === null ? call.idle : null,
      answer: waited,
    };
    this.draw();
  }

  draw() {
    const more = (performance.now() - this.since) / 1000;
    for (const [name, , key] of CLOCKS) {
      const limit = this.limits?.[key];
      const spent = this.spent[name];
      const running = spent !== null && spent !== undefined && limit;
      const left = running ? Math.max(0, limit - spent - more) : null;
      const { bar, left: words } = this.clocks[name];
      bar.style.width = running ? `${(100 * left) / limit}%` : "0";
      setText(words, running ? `${left < 10 ? left.toFixed(1) : Math.round(left)} s` : limit === null ? "no limit" : "-");
      bar.parentElement.parentElement.classList.toggle("short", running && left / limit < 0.2);
    }
  }
}
