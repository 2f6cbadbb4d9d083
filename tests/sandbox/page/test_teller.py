"""The steps of a story: a caption, and what is done until the next one."""

from __future__ import annotations

from sandbox.page.teller import StoryStep, steps_of
from sandbox.scripts.reading import read
from sandbox.scripts.stories import stories

STORY = """
phones: {survivor: caller, duty: health}
steps:
  - say: She dials.
  - survivor: [dial, expect: Health]
  - say: Nobody answers.
  - time passes
  - say: Her alert.
  - duty: {expect sms: new}
  - survivor: expect no sms
"""


def test_each_caption_begins_a_step_that_knows_its_phone() -> None:
    steps = steps_of(read("story", STORY).acts)

    assert [(step.caption, step.phone, len(step.acts)) for step in steps] == [
        ("She dials.", "survivor", 2),
        ("Nobody answers.", None, 1),
        ("Her alert.", "duty", 2),
    ]


def test_what_is_done_before_the_first_caption_is_a_step_without_one() -> None:
    steps = steps_of(read("story", STORY.replace("- say: She dials.", "")).acts)

    assert steps[0] == StoryStep("", steps[0].acts)
    assert len(steps) == 3


def test_the_page_has_a_button_for_each_story() -> None:
    assert list(stories()) == ["call-me", "child", "lead"]
    assert all(story.about and not story.languages for story in stories().values())
