({
  /** Texts whose contrast with what lies behind them is less than 4.5 to 1 (WCAG 2.2, AA). */
  poor() {
    const poor = [];
    for (const element of document.querySelectorAll("body *")) {
      const words = [...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
      const quiet = !element.checkVisibility() || element.closest(":disabled, .unseen, template");
      if (!words || quiet) continue;
      const ratio = this.ratio(this.shades(getComputedStyle(element).color), this.behind(element));
      if (ratio < 4.5) poor.push(`${element.textContent.slice(0, 40)}: ${ratio.toFixed(1)}`);
    }
    return poor;
  },

  /** Things to press that are smaller than a finger. */
  small(least) {
    return [...document.querySelectorAll("button, select, a, input:not([type=checkbox])")]
      .filter((one) => one.checkVisibility() && !one.matches(".mode"))
      .map((one) => [one.textContent.trim().slice(0, 30), one.getBoundingClientRect()])
      .filter(([, box]) => box.height < least - 0.5 || box.width < least - 0.5)
      .map(([words, box]) => `${words}: ${box.width} x ${box.height}`);
  },

  /** Things to press that a screen reader has no word for. */
  nameless() {
    return [...document.querySelectorAll("button, select, input, a, [role=application]")]
      .filter((one) => one.checkVisibility() && !one.labels?.length)
      .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()))
      .map((one) => one.outerHTML.slice(0, 80));
  },

  shades(color) {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  },

  /** The colour behind an element, through whatever is half transparent. */
  behind(element) {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      layers.push(this.shades(getComputedStyle(one).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((below, above) =>
      below.map((shade, place) => shade + (above[place] - shade) * above[3]), [255, 255, 255]);
  },

  ratio(ink, paper) {
    const [one, other] = [this.light(ink), this.light(paper)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  },

  light(shades) {
    const [red, green, blue] = shades.map((shade) => {
      const part = shade / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  },
})
