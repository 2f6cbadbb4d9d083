/** The keys of a phone, and those of the keyboard that stand for them. */

import { el, icon } from "./dom.js";

const LETTERS = ["", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];

const CONTROLS = [
  ["left", "Left soft key", () => el("span", { className: "dash" })],
  ["up", "Up", () => icon("up")],
  ["right", "Right soft key", () => el("span", { className: "dash" })],
  ["call", "Call", () => icon("call")],
  ["down", "Down", () => icon("down")],
  ["end", "Hang up", () => icon("end")],
];

const HELD_AFTER = 600;

const KEYBOARD = {
  Enter: "left", Escape: "escape", Backspace: "back", Delete: "remove", ArrowUp: "up", ArrowDown: "down",
};

/** All keys of a phone; `pressed` gets the name of one, `held` that of one that is kept down. */
export function keys(pressed, held) {
  const controls = CONTROLS.map(([name, label, face]) =>
    key(`control ${name}`, name, label, [face()], pressed, held));
  const digits = [..."123456789*0#"].map((digit) => {
    const small = LETTERS[Number(digit) - 1] ?? { "*": "+", 0: "space", "#": "Aa" }[digit];
    const face = [el("b", {}, digit), el("small", {}, small ?? "")];
    return key("digit", digit, label(digit), face, pressed, held);
  });
  return [...controls, ...digits];
}

/** The key that stands for one of the keyboard, or null: then it belongs to the browser. */
export function fromKeyboard(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key in KEYBOARD) return { control: KEYBOARD[event.key] };
  if (/^[0-9*#]$/.test(event.key)) return { digit: event.key };
  return event.key.length === 1 ? { letter: event.key } : null;
}

function key(kind, name, label, face, pressed, held) {
  let timer = null;
  let long = false;
  const begin = () => {
    long = false;
    timer = setTimeout(() => { long = true; held(name); }, HELD_AFTER);
  };
  const finish = () => clearTimeout(timer);
  return el(
    "button",
    {
      type: "button", className: `key ${kind}`, tabIndex: -1, "data-key": name, "aria-label": label,
      onpointerdown: begin, onpointerup: finish, onpointerleave: finish, onpointercancel: finish,
      onclick: () => { if (!long) pressed(name); long = false; },
    },
    ...face,
  );
}

function label(digit) {
  return { "*": "Star", "#": "Hash" }[digit] ?? digit;
}
