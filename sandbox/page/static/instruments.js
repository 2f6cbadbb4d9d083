/** What stands beside the phones: it measures the phone in hand, and lets things go wrong. */

import { say, wish } from "./api.js";
import { el, setText } from "./dom.js";
import { Limits, Meter } from "./gauges.js";
import { Post } from "./post.js";

const STATES = {
  open: "open", ended: "ended by the line", cut: "cut by the network", hung_up: "hung up",
  expired: "out of time",
};

export class Instruments {
  /** `root` and `wires` are filled once; `show` changes what they say. */
  constructor(root, wires, facts) {
    this.facts = facts;
    this.phone = null;
    this.meter = new Meter();
    this.limits = new Limits();
    this.post = new Post((what, lasting) => this.phoneWish("POST", "/mishaps", { what, lasting }),
      () => this.phoneWish("DELETE", "/mishaps"));
    root.append(this.aboutPhone(), this.aboutCall(), this.post.root, this.aboutMachines());
    wires.append(this.aboutWire());
  }

  /** `phone` is the one in hand, `state` that of the whole room. */
  show(phone, state) {
    this.phone = phone;
    const { call, waited } = phone.state;
    setText(this.title, phone.state.title);
    fill(this.holder, phone.state.holders.map((one) => [one.id, one.name]), phone.state.holder);
    this.newCard.hidden = phone.state.staff;
    fill(this.network, Object.entries(this.facts.networks), phone.state.network);
    fill(this.language, Object.entries(this.facts.languages), phone.state.language);
    this.language.disabled = phone.state.staff;
    this.pace.value = phone.state.pace;
    this.coverage.setAttribute("aria-pressed", String(!phone.state.reachable));
    this.late.setAttribute("aria-pressed", String(phone.state.late));
    const open = call?.state === "open" && waited === null;
    for (const button of this.whileOpen) button.disabled = !open;
    this.hangUp.disabled = !(open || waited !== null);
    setText(this.standing, waited !== null ? "waiting for the answer" : STATES[call?.state] ?? "no call");
    this.meter.show(call?.fill ?? null);
    this.limits.show(call, waited);
    this.showWire(call, phone.state.ending);
    this.post.show(state.sms, state.mishaps.filter((one) => one.phone === phone.state.id || !one.phone), phone.state.title);
    this.showMachines(state.processes);
  }

  aboutPhone() {
    this.title = el("span");
    this.holder = el("select", { onchange: (event) => this.change({ holder: event.target.value }) });
    this.network = el("select", { onchange: (event) => this.change({ network: event.target.value }) });
    this.language = el("select", { onchange: (event) => this.change({ language: event.target.value }) });
    this.newCard = button("New SIM card", () => this.change({ holder: "caller" }));
    return group("hand", ["Phone in hand: ", this.title],
      el("div", { className: "fields" }, field("Held by", this.holder), field("Network", this.network),
        field("Language", this.language), this.newCard));
  }

  aboutCall() {
    this.standing = el("span", { className: "tag" });
    this.hangUp = button("Hang up", () => this.phoneWish("POST", "/hang-up"));
    this.coverage = button("Lose network", () => this.change({ reachable: !this.phone.state.reachable }));
    this.late = button("Answer slowly", () => this.change({ late: !this.phone.state.late }));
    const again = button("Send the step again", () => this.phoneWish("POST", "/repeat"));
    const empty = button("Empty answer", () => this.phone.send(""));
    const star = button("Type *", () => this.phone.send("*"));
    this.whileOpen = [again, empty, star];
    this.beyond = el("input", { type: "text", inputMode: "tel", value: "1*1", maxLength: 60, autocomplete: "off",
      pattern: "[0-9*]+" });
    const through = button("Dial through", () => this.dialThrough());
    this.pace = el("select", { onchange: (event) => this.change({ pace: event.target.value }) },
      option("real", "as in life"), option("quick", "ten times faster"), option("off", "never"));
    return group("call", ["Call ", this.standing], this.meter.root, this.limits.root,
      el("div", { className: "buttons" }, this.hangUp, this.coverage, this.late, again, empty, star),
      el("div", { className: "fields" },
        el("div", { className: "beside" }, field("Dial through, beyond the code", this.beyond), through),
        field("Time limits of the next call", this.pace)));
  }

  aboutWire() {
    this.request = el("pre", { tabIndex: 0, "aria-label": "Request" });
    this.answer = el("pre", { tabIndex: 0, "aria-label": "Answer" });
    this.took = el("span");
    this.ending = el("p", { className: "small" });
    const asked = el("div", {}, el("p", { className: "small" }, "The network posts to the line:"), this.request);
    const said = el("div", {}, el("p", { className: "small" }, "The line answers ", this.took), this.answer, this.ending);
    return group("wire", ["On the wire"], el("div", { className: "sides" }, asked, said));
  }

  aboutMachines() {
    this.machines = {};
    const buttons = ["valkey", "worker"].map((name) => {
      this.machines[name] = el("small");
      return el("button", { type: "button", "data-kill": name, onclick: () => wish("POST", `processes/${name}/kill`) },
        `Restart ${name === "valkey" ? "Valkey" : "the worker"} `, this.machines[name]);
    });
    const skip = button("Skip to the next timer", () => wish("POST", "time/skip"));
    return group("machines", ["Machines and time"], el("div", { className: "buttons" }, buttons, skip),
      el("p", { className: "small" }, "Everything on the phones is recorded from the beginning of a story, or from when you say so."),
      el("div", { className: "buttons" }, saved("script", "story.yaml", "Save as script"),
        saved("picture", "story.svg", "Save as picture"), saved("recording", "recording.json", "Save the recording"),
        button("Begin a new one", beginRecording)));
  }

  showWire(call, ending) {
    setText(this.request, call ? call.request.replaceAll("&", "\n&") : "nothing yet");
    const { status, body, seconds } = call?.answer ?? {};
    const words = call?.error ? `${call.error}` : `${status ?? ""} ${body ?? ""}`.trim();
    setText(this.answer, words || "nothing yet");
    setText(this.took, call ? `after ${Math.round(seconds * 1000)} ms:` : ":");
    setText(this.ending, ending ? `The line was told how the session ended: ${ending}.` : "");
  }

  showMachines(processes) {
    for (const [name, shown] of Object.entries(this.machines)) {
      const pid = processes[name];
      setText(shown, pid ? `process ${pid}` : "not ours");
      shown.parentElement.disabled = !pid;
    }
  }

  dialThrough() {
    const beyond = this.beyond.value.trim();
    if (!/^[0-9*]+$/.test(beyond)) say("Digits and stars stand beyond the code.", "trouble");
    else this.phone.dial(this.phone.code.replace(/#$/, `*${beyond}#`));
  }

  change(what) {
    return wish("PATCH", `phones/${this.phone.state.id}`, what);
  }

  phoneWish(method, path, what) {
    return this.phone.wish(method, path, what);
  }
}

async function beginRecording() {
  if (await wish("DELETE", "recording")) say("The recording begins anew.");
}

/** What was recorded, as a file to keep. */
function saved(what, name, words) {
  return el("a", { className: "button", href: `api/${what}`, download: name }, words);
}

export function button(word, act) {
  return el("button", { type: "button", onclick: act }, word);
}

export function group(name, heading, ...inside) {
  return el("section", { className: `group ${name}` }, el("h2", {}, ...heading), ...inside);
}

function field(label, control) {
  return el("label", { className: "field" }, el("span", {}, label), control);
}

function option(value, word) {
  return el("option", { value }, word);
}

/** Fills a list once, and chooses; a list that somebody has open is left alone. */
function fill(select, choices, chosen) {
  const keys = choices.map(([key]) => key).join();
  if (select.dataset.keys !== keys) {
    select.dataset.keys = keys;
    select.replaceChildren(...choices.map(([key, word]) => option(key, word)));
  }
  if (select.value !== chosen) select.value = chosen;
}
