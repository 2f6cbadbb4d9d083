/** One phone: draws what the server knows of it, and remembers which of its screens is open. */

import { wish } from "./api.js";
import { el, setText } from "./dom.js";
import { Editor } from "./editor.js";
import { fromKeyboard, keys } from "./keypad.js";
import { clock, screenOf } from "./screens.js";

const LONGEST_SMS = 160;
const LONGEST_ANSWER = 182;

export class Phone {
  /** `used` is told when somebody takes this phone into her hand. */
  constructor(state, facts, used) {
    this.state = state;
    this.facts = facts;
    this.at = "home";
    this.selected = 0;
    this.open = null;
    const redraw = () => this.draw();
    this.editor = new Editor("plain", LONGEST_ANSWER, redraw);
    this.answer = new Editor("ussd", LONGEST_ANSWER, redraw);
    this.draft = new Editor("sms", LONGEST_SMS, redraw);
    this.root = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.root.dataset.phone = state.id;
    this.root.querySelector(".keys").append(...keys((name) => this.press(name), (name) => this.hold(name)));
    this.root.addEventListener("keydown", (event) => this.keyDown(event));
    this.root.addEventListener("focusin", () => used(this));
    this.root.addEventListener("pointerdown", () => used(this));
    this.announcement = el("p", { "aria-live": "polite" });
    document.getElementById("announcements").append(this.announcement);
    this.update(state);
  }

  get code() {
    return this.state.staff ? this.facts.staff_code : this.facts.service_code;
  }

  get unread() {
    return this.state.messages.filter((one) => !one.read);
  }

  get newestFirst() {
    return [...this.state.messages].reverse();
  }

  get message() {
    return this.state.messages.find((one) => one.id === this.open) ?? null;
  }

  /** Take in what the server says; a new screen of the network empties the line for the answer. */
  update(state) {
    const before = this.state;
    this.state = state;
    if (state.call?.hops !== before.call?.hops || state.call?.id !== before.call?.id) this.answer.text = "";
    if (state.number !== before.number) this.go("home");
    if (state.hint.n !== this.hinted) this.follow(state.hint);
    this.announce(before);
    this.draw();
  }

  go(where) {
    this.at = where;
    this.selected = 0;
    this.draw();
  }

  select(by, among) {
    this.selected = Math.max(0, Math.min(among - 1, this.selected + by));
    this.draw();
  }

  recall() {
    this.editor.text = this.code;
    this.go("dial");
  }

  beginDialling(key) {
    this.editor.text = "";
    this.at = "dial";
    this.editor.letter(key);
    if (!this.editor.text) this.go("home");
  }

  async dial(code) {
    this.go("home");
    await this.wish("POST", "/dial", { dialled: code });
  }

  async send(typed = this.answer.text) {
    this.answer.settle();
    await this.wish("POST", "/press", { typed });
  }

  async hangUp() {
    if (await this.wish("POST", "/hang-up")) await this.putAway();
  }

  async putAway() {
    await this.wish("POST", "/put-away");
  }

  async read(id) {
    this.open = id;
    this.go("message");
    await this.wish("POST", `/messages/${id}/read`);
  }

  reply() {
    this.draft.text = "";
    this.go("compose");
  }

  async write() {
    const to = this.message?.other;
    if (to && await this.wish("POST", "/messages", { text: this.draft.text, to })) this.go("inbox");
  }

  async remove(id) {
    this.go("inbox");
    await this.wish("DELETE", `/messages/${id}`);
  }

  wish(method, path, what) {
    return wish(method, `phones/${this.state.id}${path}`, what);
  }

  /** A key of the phone, by its name. */
  press(name) {
    const screen = screenOf(this);
    if (/^[0-9*#]$/.test(name)) screen.digit?.(name);
    else if (name === "left" || name === "right") screen[name]?.[1]();
    else if (name === "up" || name === "down") screen[name] ? screen[name]() : this.scroll(name);
    else if (name === "end") (screen.end ?? (() => this.go("home")))();
    else if (name === "escape") (screen.escape ?? screen.right?.[1])?.();
    else screen[name]?.();
    this.root.focus({ preventScroll: true });
  }

  hold(name) {
    if (name === "#") screenOf(this).hold?.();
  }

  keyDown(event) {
    const key = fromKeyboard(event);
    if (!key) return;
    event.preventDefault();
    if (key.letter) screenOf(this).letter?.(key.letter);
    else this.press(key.digit ?? key.control);
    if (key.digit) this.flash(key.digit);
  }

  /** The key on the drawing goes down with that of the keyboard. */
  flash(digit) {
    const button = this.root.querySelector(`[data-key="${CSS.escape(digit)}"]`);
    button.classList.add("down");
    setTimeout(() => button.classList.remove("down"), 120);
  }

  scroll(where) {
    const display = this.root.querySelector(".display");
    const page = display.querySelector(".popup .words") ?? display;
    page.scrollBy({ top: where === "up" ? -40 : 40 });
  }

  /** Where a story turns the phone to. */
  follow(hint) {
    this.hinted = hint.n;
    this.open = hint.id ?? this.open;
    this.go(hint.what);
  }

  announce(before) {
    const { call, messages } = this.state;
    const arrived = messages.length > before.messages.length && !messages.at(-1).mine;
    if (call && (call.screen !== before.call?.screen || call.state !== before.call?.state)) {
      setText(this.announcement, `${this.state.title}: ${call.screen || call.state}`);
    } else if (arrived) {
      setText(this.announcement, `${this.state.title}: new message. ${messages.at(-1).text}`);
    }
  }

  draw() {
    const { root, state } = this;
    const screen = screenOf(this);
    root.setAttribute("aria-label", `Phone: ${state.title}, ${state.name}`);
    root.dataset.screen = screen.name;
    setText(root.querySelector("h2"), state.title);
    setText(root.querySelector(".name"), state.name);
    setText(root.querySelector(".number"), state.pin ? `${state.number} · PIN ${state.pin}` : state.number);
    setText(root.querySelector(".net"), state.reachable ? this.facts.networks[state.network] ?? state.network : "No network");
    root.querySelector(".signal use").setAttribute("href", state.reachable ? "#i-bars" : "#i-none");
    setText(root.querySelector(".clock"), clock());
    root.querySelector(".mail").hidden = this.unread.length === 0;
    setText(root.querySelector(".count"), String(this.unread.length));
    setText(root.querySelector(".left"), screen.left?.[0] ?? "");
    setText(root.querySelector(".right"), screen.right?.[0] ?? "");
    this.fill(root.querySelector(".display"), screen);
  }

  /** Puts a screen in; the place to which its text was scrolled stays. */
  fill(display, screen) {
    const words = display.querySelector(".words");
    const [text, place] = [words?.textContent, words?.scrollTop];
    display.replaceChildren(...screen.body);
    const now = display.querySelector(".words");
    if (now && now.textContent === text) now.scrollTop = place;
    display.querySelector(".selected")?.scrollIntoView({ block: "nearest" });
  }
}
