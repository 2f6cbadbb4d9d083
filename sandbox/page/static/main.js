/** The page: phones, instruments and stories, drawn anew whenever the server says that something changed. */

import { facts as ask, listen, say, wish } from "./api.js";
import { byId, el, setText } from "./dom.js";
import { Instruments } from "./instruments.js";
import { Phone } from "./phone.js";
import { StoryBar } from "./story.js";
import { Tabs } from "./tabs.js";

const facts = await ask();
const NARROW = matchMedia("(max-width: 640px)");
const phones = new Map();
const stories = new StoryBar(facts.stories);
const instruments = new Instruments(byId("instruments"), byId("wires"), facts);
const tabs = new Tabs(byId("tabs"), (id) => take(phones.get(id)));
let inHand = null;
let state = null;
let noticed = null;

introduce();
listen(show);

/** What a story does is followed; what a person does is left to her. */
function show(news) {
  const acting = ["running", "paused"].includes(news.story?.state) ? news.story.phone : null;
  const moved = acting && acting !== state?.story?.phone;
  state = news;
  for (const one of news.phones) {
    if (phones.has(one.id)) phones.get(one.id).update(one);
    else add(one);
    phones.get(one.id).root.classList.toggle("acting", one.id === acting);
  }
  if (moved) follow(phones.get(acting));
  stories.show(news.story);
  tabs.show(news.phones);
  instruments.show(inHand, news);
  choose(news.phones[0].language);
  if (noticed !== null && news.notice.n !== noticed) say(news.notice.text);
  noticed = news.notice.n;
}

function add(one) {
  const phone = new Phone(one, facts, take);
  phones.set(one.id, phone);
  byId("phones").append(phone.root);
  if (!inHand) take(phone);
}

function take(phone) {
  if (phone === inHand) return;
  inHand = phone;
  for (const one of phones.values()) one.root.classList.toggle("in-hand", one === phone);
  tabs.choose(phone.state.id);
  if (state) instruments.show(phone, state);
}

/** The phone on which the story goes on, brought into sight where only one has room. */
function follow(phone) {
  take(phone);
  if (NARROW.matches) byId("tabs").scrollIntoView({ block: "start" });
}

function introduce() {
  setText(byId("where"), `${facts.country}, on a pretend network. All centres and hotlines are samples.`);
  const languages = Object.entries(facts.languages);
  byId("language").append(...languages.map(([code, name]) => el("option", { value: code }, name)));
  byId("language").addEventListener("change", async ({ target: { value: language } }) => {
    // Kept, because older news may set the list back while the first phone is being asked.
    for (const [id, phone] of phones) {
      if (!phone.state.staff) await wish("PATCH", `phones/${id}`, { language });
    }
  });
  if (facts.console_url) {
    byId("console").href = facts.console_url;
    byId("console").hidden = false;
  }
}

function choose(language) {
  if (byId("language").value !== language) byId("language").value = language;
}
