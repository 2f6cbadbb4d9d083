/** Every SMS on its way: what the network reported of it, and what the line believes. */

import { el, setText } from "./dom.js";

const MISHAPS = [
  ["refuse", "Refuse"], ["delay", "Delay"], ["duplicate", "Duplicate"], ["reorder", "Reorder"],
  ["no_credit", "No credit"], ["blacklisted", "Blacklisted"],
];

const TEMPLATES = {
  alert: "alert", alert_not_accepted: "alert, next in line", yours: "it is yours", accepted_by: "accepted by another",
  passed_on: "passed on", closed: "closed", not_understood: "not understood", confirmed: "to the caller", answer: "answer",
};

export class Post {
  /** `spoil` lets the next SMS to the phone in hand go wrong, or all of them; `mend` ends that. */
  constructor(spoil, mend) {
    this.whose = el("span");
    this.lasting = el("input", { type: "checkbox" });
    this.inForce = el("p", { className: "small" });
    this.rows = el("tbody");
    this.root = el("section", { className: "group post" },
      el("h2", {}, "SMS"),
      el("p", { className: "small" }, "The next SMS to this phone (", this.whose, "):"),
      el("div", { className: "buttons" }, MISHAPS.map(([what, word]) =>
        el("button", { type: "button", "data-mishap": what, onclick: () => spoil(what, this.lasting.checked) }, word)),
        el("button", { type: "button", onclick: mend }, "Clear")),
      el("label", { className: "check" }, this.lasting, "every SMS, until it is cleared"),
      this.inForce,
      el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "SMS on their way" },
        el("table", {}, el("thead", {}, el("tr", {}, ["What", "To", "Network says", "Line says"].map((word) =>
          el("th", { scope: "col" }, word)))), this.rows)));
  }

  show(sms, mishaps, title) {
    setText(this.whose, title);
    setText(this.inForce, mishaps.length ? `In force: ${mishaps.map(inWords).join(", ")}.` : "");
    const shown = JSON.stringify(sms);
    if (shown === this.shown) return;
    this.shown = shown;
    this.rows.replaceChildren(...sms.map(row));
    if (!sms.length) this.rows.append(el("tr", {}, el("td", { colSpan: 4 }, "No SMS yet.")));
  }
}

function row(sms) {
  const state = sms.delivery ?? (sms.outcome && sms.state !== "accepted" ? `${sms.state}: ${sms.outcome}` : sms.state);
  const what = TEMPLATES[sms.template] ?? sms.template.replaceAll("_", " ");
  return el("tr", { "data-state": sms.state }, el("td", {}, what), el("td", {}, sms.to ?? "-"),
    el("td", {}, sms.reports.join(", ") || "-"), el("td", {}, state, sms.attempt > 1 ? `, try ${sms.attempt}` : ""));
}

function inWords(mishap) {
  const found = MISHAPS.find(([what]) => matches(what, mishap));
  const word = found ? found[1].toLowerCase() : "no network";
  return mishap.times ? word : `${word} (every SMS)`;
}

function matches(what, { status_code: status, reports, report_delay: delay }) {
  return {
    refuse: status === 407, no_credit: status === 405, blacklisted: status === 406, delay: delay === 10,
    duplicate: reports?.join() === "Success,Success", reorder: reports?.join() === "Success,Sent",
  }[what];
}
