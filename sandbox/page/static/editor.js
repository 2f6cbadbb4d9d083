/** A line of text as a phone with twelve keys takes it: digits, or letters by tapping again. */

const TAPS = {
  1: ".,?!'\"-()@/:1", 2: "abc2", 3: "def3", 4: "ghi4", 5: "jkl5", 6: "mno6", 7: "pqrs7", 8: "tuv8",
  9: "wxyz9", 0: " 0+", "*": "*#+=%&",
};
const MODES = ["123", "abc", "Abc"];
const NEXT_LETTER_AFTER = 900;

export class Editor {
  /**
   * `plain`: star and hash stand for themselves and there are digits alone, as when dialling.
   * `sms`: hash changes the mode, and star is the space between numbers.
   */
  constructor(kind, longest, redraw) {
    this.kind = kind;
    this.longest = longest;
    this.redraw = redraw;
    this.mode = "123";
    this.text = "";
    this.tap = null;
  }

  set(text) {
    this.settle();
    this.text = text.slice(0, this.longest);
    this.redraw();
  }

  /** A key of the phone. */
  press(key) {
    if (this.mode === "123" || this.kind === "plain") this.pressDigit(key);
    else if (key === "#") this.changeMode();
    else this.tapLetter(key);
    this.redraw();
  }

  /** A letter from a real keyboard needs no tapping. */
  letter(character) {
    this.settle();
    if (this.kind === "plain" && !/[0-9*#+]/.test(character)) return;
    this.add(character);
    this.redraw();
  }

  back() {
    this.settle();
    this.text = this.text.slice(0, -1);
    this.redraw();
  }

  changeMode() {
    if (this.kind === "plain") return;
    this.settle();
    this.mode = MODES[(MODES.indexOf(this.mode) + 1) % MODES.length];
    this.redraw();
  }

  /** The next tap begins a new letter. */
  settle() {
    if (this.tap) clearTimeout(this.tap.timer);
    this.tap = null;
  }

  pressDigit(key) {
    if (this.kind === "sms" && key === "#") this.changeMode();
    else this.add(this.kind === "sms" && key === "*" ? " " : key);
  }

  tapLetter(key) {
    const letters = TAPS[key];
    const again = this.tap?.key === key;
    const place = again ? (this.tap.place + 1) % letters.length : 0;
    if (again) this.text = this.text.slice(0, -1);
    this.settle();
    this.add(this.mode === "Abc" ? letters[place].toUpperCase() : letters[place]);
    const timer = setTimeout(() => {
      this.tap = null;
      if (this.mode === "Abc") this.mode = "abc";
      this.redraw();
    }, NEXT_LETTER_AFTER);
    this.tap = { key, place, timer };
  }

  add(character) {
    if (this.text.length < this.longest) this.text += character;
  }
}
