/** The bar with the stories: begin one, hold it up, read what is happening. */

import { wish } from "./api.js";
import { byId, el, icon, setText } from "./dom.js";

const ENDINGS = {
  done: "Begin another one, or go on by hand.",
  stopped: "Ended.",
};

export class StoryBar {
  constructor(stories) {
    this.story = null;
    byId("cards").append(...stories.map((story) =>
      el("button", { type: "button", className: "card", "data-story": story.id, onclick: () => this.begin(story.id) },
        icon("play"), el("strong", {}, story.title), el("span", {}, story.summary))));
    byId("go").addEventListener("click", () => this.goOrPause());
    byId("step").addEventListener("click", () => wish("POST", "story/step", {}));
    byId("stop").addEventListener("click", () => wish("POST", "story/stop", {}));
    byId("speed").addEventListener("change", (event) => {
      if (this.story) wish("POST", "story/speed", { speed: event.target.value });
    });
  }

  begin(id) {
    wish("POST", "story", { id, speed: byId("speed").value });
  }

  goOrPause() {
    const { state, id } = this.story;
    if (state === "running") wish("POST", "story/pause", {});
    else if (state === "paused") wish("POST", "story/go_on", {});
    else this.begin(id);
  }

  show(story) {
    this.story = story;
    byId("stories").classList.toggle("telling", story !== null);
    byId("player").hidden = story === null;
    if (!story) return;
    const running = story.state === "running";
    const over = !running && story.state !== "paused";
    byId("player").dataset.state = story.state;
    byId("go").replaceChildren(icon(running ? "pause" : "play"));
    byId("go").setAttribute("aria-label", running ? "Pause" : over ? "Once more" : "Go on");
    byId("step").disabled = over;
    setText(byId("title"), story.title);
    setText(byId("place"), `${story.step}/${story.steps}`);
    setText(byId("caption"), story.state === "failed" ? `It does not go on: ${story.fault}` : caption(story));
    byId("track").style.width = `${(100 * story.step) / story.steps}%`;
  }
}

function caption(story) {
  return story.state === "done" ? `${story.caption} ${ENDINGS.done}` : ENDINGS[story.state] ?? story.caption;
}
