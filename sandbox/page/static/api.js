/** Talks to the server that the page came from, and to nobody else. */

import { byId, el } from "./dom.js";

const NOTICE_STAYS = 6000;

/** Ask for something to be done; what becomes of it arrives with the events. */
export async function wish(method, path, what) {
  try {
    const answer = await fetch(`api/${path}`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: what === undefined ? undefined : JSON.stringify(what),
    });
    if (answer.ok) return true;
    const { error } = await answer.json().catch(() => ({ error: `HTTP ${answer.status}` }));
    say(error, "trouble");
  } catch {
    say("The server of this page does not answer: is the demo still running?", "trouble");
  }
  return false;
}

export async function facts() {
  for (;;) {
    const answer = await fetch("api/facts").catch(() => null);
    if (answer?.ok) return answer.json();
    say("The demo is still starting.");
    await new Promise((again) => setTimeout(again, 1000));
  }
}

/** Hands every new state of the phones to `show`; the browser connects again by itself. */
export function listen(show) {
  const stream = new EventSource("api/events");
  let lost = false;
  stream.onmessage = (event) => {
    if (lost) say("The connection is back.");
    lost = false;
    show(JSON.parse(event.data));
  };
  stream.onerror = () => {
    if (!lost) say("The connection is lost. The page tries again.", "trouble");
    lost = true;
  };
}

/** A line that everybody sees for a moment, and a screen reader says. */
export function say(text, kind = "news") {
  const line = el("p", { className: `notice ${kind}` }, text);
  byId("notices").append(line);
  setTimeout(() => line.remove(), NOTICE_STAYS);
}
