"""Tells a story: moves the phones step by step, with a caption for each, and can be held up.

What it does on a phone is what a person at the page can do. It never reaches past the phones, but
for the timers, which it lets run out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final, Literal

from sandbox.handsets.cast import PhoneId
from sandbox.handsets.errors import Unable
from sandbox.handsets.recording import Recording
from sandbox.page.story import Story, StoryStep
from sandbox.page.story_actions import Stopped, StoryActions, StoryPhones
from sandbox.standin.schedule import report

State = Literal["running", "paused", "done", "failed", "stopped"]
Speed = Literal["slow", "normal", "fast"]

READING: Final[Mapping[Speed, float]] = {"slow": 1 / 9, "normal": 1 / 16, "fast": 0.0}
"""Seconds for each character of a caption, which is read out or translated for a class."""

SHORTEST: Final[Mapping[Speed, float]] = {"slow": 1.6, "normal": 0.9, "fast": 0.03}
"""Seconds before a step, whatever is said."""


class Teller:
    """One telling of one story, on a thread of its own."""

    def __init__(
        self, story: Story, stage: StoryPhones, speed: Speed, recording: Recording
    ) -> None:
        self.story = story
        self.state: State = "running"
        self._stage, self._recording = stage, recording
        self._stop = threading.Event()
        self._actions = StoryActions(stage, self._stop)
        self._place = 0
        self._caption = story.summary
        self._phone: PhoneId | None = None
        self._fault = ""
        self._single_steps = 0
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._tell, name="story", daemon=True)
        self.set_speed(speed)

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "failed", "stopped"}

    def start(self) -> None:
        """Begin. Nobody else may touch the phones meanwhile, but anybody can."""
        self._thread.start()

    def pause(self) -> None:
        self._become("paused")

    def go_on(self) -> None:
        self._become("running")

    def step(self) -> None:
        """Do the next step at once, and wait again."""
        with self._moved:
            self._single_steps += 1
        self._become("paused")

    def stop(self) -> None:
        """Break off, and wait until nothing is under way any more."""
        self._become("stopped")
        self._stop.set()
        self._stage.changes.ring()
        self._thread.join()

    def set_speed(self, speed: Speed) -> None:
        with self._moved:
            self.speed: Speed = speed
            self._actions.hurry = speed == "fast"
            self._moved.notify_all()
        self._stage.changes.ring()

    def view(self) -> dict[str, Any]:
        """The telling as JSON, for the page."""
        with self._moved:
            return {
                "id": self.story.id,
                "title": self.story.title,
                "state": self.state,
                "speed": self.speed,
                "step": self._place,
                "steps": len(self.story.steps),
                "caption": self._caption,
                "phone": self._phone,
                "fault": self._fault,
            }

    def _become(self, state: State, fault: str = "") -> None:
        with self._moved:
            if not self.is_over:
                self.state, self._fault = state, fault
                self._moved.notify_all()
        self._stage.changes.ring()

    def _tell(self) -> None:
        paces = {phone: phone.pace for phone in self._stage.phones.values()}
        for phone in paces:
            phone.pace = "off"  # A class that talks must not be cut off by the network.
        try:
            with self._stage.changes.watching():
                self._play()
            self._become("done")
        except Stopped:
            self._become("stopped")
        except Unable as fault:
            self._become("failed", str(fault))
        except Exception as error:  # noqa: BLE001  A story that stands still says why.
            report(error)
            self._become("failed", f"The story itself is broken: {type(error).__name__}.")
        finally:
            for phone, pace in paces.items():
                phone.pace = pace

    def _play(self) -> None:
        for place, step in enumerate(self.story.steps, 1):
            with self._moved:
                self._place, self._phone = place, step.phone
                self._caption = step.caption or self._caption
            self._recording.add(step.phone, "caption", text=step.caption)
            self._stage.changes.ring()
            self._wait(step)
            self._actions.do(step)

    def _wait(self, step: StoryStep) -> None:
        """Until the caption has been read, or the next step is asked for. Raises Stopped."""
        began = time.monotonic()
        with self._moved:
            while (left := self._still_to_wait(step, began)) > 0:
                self._moved.wait(left)
            if self.state == "stopped":
                raise Stopped
            self._single_steps = max(0, self._single_steps - 1)

    def _still_to_wait(self, step: StoryStep, began: float) -> float:
        """Seconds, as things stand; whoever changes how they stand wakes the one who waits."""
        if self.state == "stopped" or self._single_steps:
            return 0.0
        if self.state == "paused":
            return threading.TIMEOUT_MAX
        reading = SHORTEST[self.speed] + READING[self.speed] * len(step.caption)
        return began + reading - time.monotonic()
