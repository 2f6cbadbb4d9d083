"""Tells a story: plays its script caption by caption on the phones of the page, and can be held up.

What it does on a phone is what a person at the page can do. It never reaches past the phones, but
for the timers, which it lets run out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from gateway.store.database import DatabaseDown
from sandbox.handsets.cast import PhoneId
from sandbox.handsets.changes import Changes
from sandbox.handsets.errors import Unable
from sandbox.handsets.handset import Handset
from sandbox.handsets.recording import Recording
from sandbox.page.story_phone import StoryPhone
from sandbox.scripts.player import Differs, Performance
from sandbox.scripts.script import Act, Script
from sandbox.scripts.script_phones import Demo
from sandbox.standin.schedule import report

State = Literal["running", "paused", "done", "failed", "stopped"]
Speed = Literal["slow", "normal", "fast"]

READING: Final[Mapping[Speed, float]] = {"slow": 1 / 9, "normal": 1 / 16, "fast": 0.0}
"""Seconds for each character of a caption, which is read out or translated for a class."""

SHORTEST: Final[Mapping[Speed, float]] = {"slow": 1.6, "normal": 0.9, "fast": 0.03}
"""Seconds before a step, whatever is said."""


A_KEY: Final = 0.12
"""Seconds that a key stands there before the next one is pressed."""


class Stopped(Exception):
    """Somebody does not want to see the rest of a story."""


@dataclass(frozen=True, slots=True)
class StoryStep:
    """A caption, and what is done until the next one."""

    caption: str
    acts: list[Act] = field(default_factory=list)

    @property
    def phone(self) -> str | None:
        """The phone to look at."""
        return next((act.phone for act in self.acts if act.phone), None)


def steps_of(acts: Iterable[Act]) -> Sequence[StoryStep]:
    """The acts of a script under their captions; what stands before the first has none."""
    steps = [StoryStep("")]
    for act in acts:
        if act.verb == "say":
            steps.append(StoryStep(act.words[0]))
        else:
            steps[-1].acts.append(act)
    return steps if steps[0].acts else steps[1:]


class Teller:
    """One telling of one story on the phones of a page, on a thread of its own."""

    def __init__(
        self,
        id_: str,
        story: Script,
        demo: Demo,
        phones: Mapping[PhoneId, Handset],
        speed: Speed,
        changes: Changes,
        recording: Recording,
    ) -> None:
        self.state: State = "running"
        self._id, self._story, self._handsets = id_, story, phones
        self._changes, self._recording = changes, recording
        self._stop = threading.Event()
        held = {
            one.id: StoryPhone(one, demo.network, pause=self._key)
            for one in phones.values()
            if one.id in story.phones
        }
        self._performance = Performance(story, demo, held, recording, self._rest)
        self._steps = steps_of(story.acts_at(demo.setting.here))
        self._place = 0
        self._caption = story.about
        self._phone: str | None = None
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
        self._changes.ring()
        self._thread.join()

    def set_speed(self, speed: Speed) -> None:
        with self._moved:
            self.speed: Speed = speed
            self._moved.notify_all()
        self._changes.ring()

    def view(self) -> dict[str, Any]:
        """The telling as JSON, for the page."""
        with self._moved:
            return {
                "id": self._id,
                "title": self._story.title,
                "state": self.state,
                "speed": self.speed,
                "step": self._place,
                "steps": len(self._steps),
                "caption": self._caption,
                "phone": self._phone,
                "fault": self._fault,
            }

    def _become(self, state: State, fault: str = "") -> None:
        with self._moved:
            if not self.is_over:
                self.state, self._fault = state, fault
                self._moved.notify_all()
        self._changes.ring()

    def _tell(self) -> None:
        paces = {phone: phone.pace for phone in self._handsets.values()}
        for phone in paces:
            phone.pace = "off"  # A class that talks must not be cut off by the network.
        try:
            with self._changes.watching():
                self._play()
            self._become("done")
        except Stopped:
            self._become("stopped")
        except Differs as difference:
            self._become("failed", difference.what)
        except Unable as fault:
            self._become("failed", str(fault))
        except DatabaseDown:
            self._become("failed", "The database does not answer.")
        except Exception as error:  # noqa: BLE001  A story that stands still says why.
            report(error)
            self._become("failed", f"The story itself is broken: {type(error).__name__}.")
        finally:
            for phone, pace in paces.items():
                phone.pace = pace

    def _play(self) -> None:
        for place, step in enumerate(self._steps, 1):
            with self._moved:
                self._place, self._phone = place, step.phone or self._phone
                self._caption = step.caption or self._caption
            self._recording.add(self._phone, "caption", text=step.caption)
            self._changes.ring()
            self._wait(step)
            for act in step.acts:
                self._performance.do(act)

    def _key(self) -> None:
        self._rest(0.0 if self.speed == "fast" else A_KEY)

    def _rest(self, seconds: float) -> None:
        """Wait for something. Raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped

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
