/**
 * What a phone shows and what its keys do, one function for each of its screens.
 *
 * A screen is {body, left, right, ...}: `left` and `right` are the soft keys, a word and a deed.
 * `digit` takes a key of the keypad, `letter` one of the keyboard, `up` and `down` the arrows.
 */

import { el, icon } from "./dom.js";

const CUT = {
  cut: "Connection problem or invalid MMI code.",
  expired: "The network has ended the session.",
};

export function screenOf(phone) {
  if (phone.state.call || phone.state.waited !== null) return ussd(phone);
  return { home, dial, inbox, message, options, compose }[phone.at](phone);
}

/** Nothing going on: the time, and a sign when there is something to read. */
function home(phone) {
  const unread = phone.unread.length;
  const sign = unread
    ? el("p", { className: "sign" }, icon("mail"), `${unread} new message${unread > 1 ? "s" : ""}`)
    : el("p", { className: "hint" }, `Dial ${phone.code}`);
  return {
    name: "home",
    body: [el("p", { className: "time" }, clock()), el("p", { className: "date" }, today()), sign],
    left: unread ? ["Read", () => phone.read(phone.unread.at(-1).id)] : ["Dial", () => phone.recall()],
    right: ["Messages", () => phone.go("inbox")],
    call: () => phone.recall(),
    digit: (key) => phone.beginDialling(key),
    letter: (character) => phone.beginDialling(character),
  };
}

function dial(phone) {
  const { editor } = phone;
  return {
    name: "dial",
    body: [el("p", { className: "label" }, "Dial"), line(editor.text, "dialled")],
    left: ["Dial", () => phone.dial(editor.text)],
    right: editor.text ? ["Clear", () => editor.back()] : ["Back", () => phone.go("home")],
    call: () => phone.dial(editor.text),
    end: () => phone.go("home"),
    escape: () => phone.go("home"),
    ...typing(editor),
  };
}

/** The pop-up of the network, with a line for the answer while the session is open. */
function ussd(phone) {
  const { call, waited, typing: shown } = phone.state;
  const open = call?.state === "open";
  const { answer: editor } = phone;
  const text = waited !== null ? "Waiting for the network" : CUT[call.state] ?? call.screen;
  const entry = shown?.kind === "screen" ? shown.text : editor.text;
  const popup = el(
    "div",
    { className: waited !== null ? "popup waiting" : "popup" },
    el("p", { className: "words" }, text),
    open && waited === null ? line(entry, "answer", () => editor.changeMode(), editor.mode) : null,
  );
  if (waited !== null) return { name: "ussd", body: [popup], right: ["Cancel", () => phone.hangUp()], end: () => phone.hangUp() };
  if (!open) {
    const away = () => phone.putAway();
    return { name: "ussd", body: [popup], left: ["OK", away], call: away, end: away, escape: away };
  }
  return {
    name: "ussd",
    body: [popup],
    left: ["Send", () => phone.send()],
    right: editor.text ? ["Clear", () => editor.back()] : ["Cancel", () => phone.hangUp()],
    call: () => phone.send(),
    end: () => phone.hangUp(),
    ...typing(editor),
  };
}

function inbox(phone) {
  const messages = phone.newestFirst;
  const rows = messages.map((one, place) =>
    el(
      "li",
      { className: `row${place === phone.selected ? " selected" : ""}${one.read ? "" : " unread"}`,
        onclick: () => phone.read(one.id) },
      el("span", { className: "from" }, one.mine ? `To ${one.other}` : one.other),
      el("span", { className: "when" }, hour(one.at)),
      el("span", { className: "start" }, one.text),
    ));
  const none = el("p", { className: "hint" }, "No messages");
  return {
    name: "inbox",
    body: [el("p", { className: "label" }, "Messages"), rows.length ? el("ul", { className: "list" }, rows) : none],
    left: rows.length ? ["Open", () => phone.read(messages[phone.selected].id)] : null,
    right: ["Back", () => phone.go("home")],
    up: () => phone.select(-1, rows.length),
    down: () => phone.select(1, rows.length),
    remove: () => rows.length && phone.remove(messages[phone.selected].id),
  };
}

function message(phone) {
  const shown = phone.message;
  if (!shown) return inbox(phone);
  if (phone.state.typing?.kind === "sms") return compose(phone);
  return {
    name: "message",
    body: [
      el("p", { className: "label" }, shown.mine ? `To ${shown.other}` : `From ${shown.other}`,
        el("span", { className: "when" }, hour(shown.at))),
      el("p", { className: "words" }, shown.text),
    ],
    left: ["Options", () => phone.go("options")],
    right: ["Back", () => phone.go("inbox")],
    call: () => phone.reply(),
    remove: () => phone.remove(shown.id),
  };
}

function options(phone) {
  const choices = [
    ["Reply", () => phone.reply()],
    ["Delete", () => phone.remove(phone.message.id)],
  ];
  const rows = choices.map(([word, act], place) =>
    el("li", { className: `row choice${place === phone.selected ? " selected" : ""}`, onclick: act },
      `${place + 1} ${word}`));
  return {
    name: "options",
    body: [el("p", { className: "label" }, "Options"), el("ul", { className: "list" }, rows)],
    left: ["Select", () => choices[phone.selected][1]()],
    right: ["Back", () => phone.go("message")],
    up: () => phone.select(-1, choices.length),
    down: () => phone.select(1, choices.length),
    digit: (key) => choices[Number(key) - 1]?.[1](),
  };
}

function compose(phone) {
  const { draft: editor } = phone;
  const text = phone.state.typing?.kind === "sms" ? phone.state.typing.text : editor.text;
  const hint = editor.mode === "123" ? "* space, # letters" : "# changes letters and digits";
  return {
    name: "compose",
    body: [
      el("p", { className: "label" }, `To ${phone.message?.other ?? ""}`,
        el("span", { className: "when" }, `${text.length}/160`)),
      line(text, "draft", () => editor.changeMode(), editor.mode),
      el("p", { className: "hint" }, hint),
    ],
    left: ["Send", () => phone.write()],
    right: editor.text ? ["Clear", () => editor.back()] : ["Back", () => phone.go("message")],
    escape: () => phone.go("message"),
    call: () => phone.write(),
    ...typing(editor),
  };
}

/** What is being typed, with a cursor; a touch on its mode changes between digits and letters. */
function line(text, name, changeMode, mode) {
  return el(
    "div",
    { className: `line ${name}` },
    el("span", { className: "typed" }, text),
    el("span", { className: "cursor" }),
    changeMode ? el("button", { type: "button", className: "mode", tabIndex: -1, onclick: changeMode, "aria-label": `Mode ${mode}` }, mode) : null,
  );
}

function typing(editor) {
  return {
    digit: (key) => editor.press(key),
    letter: (character) => editor.letter(character),
    back: () => editor.back(),
    hold: () => editor.changeMode(),
  };
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

export function clock() {
  return TIME.format(new Date());
}

function today() {
  return DAY.format(new Date());
}

function hour(moment) {
  return TIME.format(new Date(moment));
}
