"""Three stories for a training: one click, and the phones play them on the real line.

Lines of the screen stand here in English, as the menus have them. What the phones show is in the
language that was chosen for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sandbox.page.story import Story, StoryStep

CALL_ME: Final = Story(
    "call-me",
    "A survivor asks to be called",
    "Four keys, no questions. The counsellor on duty hears of it at once, and learns the number "
    "only when she says why.",
    holders={"duty": "national"},
    steps=(
        StoryStep(
            "survivor",
            "dial",
            caption="She dials the short code. The first screen says health and family, "
            "nothing else: somebody may look over her shoulder.",
        ),
        StoryStep(
            "survivor",
            "choose",
            "Call me",
            "She does not want to answer questions. She chooses to be called.",
        ),
        StoryStep("survivor", "choose", "This number", "Nobody asks her why."),
        StoryStep(
            "survivor",
            "choose",
            "OK, choose time",
            "She learns how she can end the call if somebody else listens.",
        ),
        StoryStep(
            "survivor",
            "choose",
            "Now",
            "She says when it is safe. Outside these hours nobody rings her.",
        ),
        StoryStep(
            "survivor",
            "read",
            caption="The code is shown here and nowhere else. She gets no SMS: "
            "it could betray her.",
        ),
        StoryStep(
            "duty",
            "hear",
            caption="The alert reaches the counsellor on duty. It names no "
            "person, no number, no place and no act.",
        ),
        StoryStep(
            "duty",
            "accept",
            caption="She accepts with the four digits of her own alert. "
            "A forged sender could not know them.",
        ),
        StoryStep("duty", "hear", caption="The request is hers now, and nobody else is woken."),
        StoryStep(
            "duty",
            "dial_staff",
            caption="She dials the code of the staff. It is another code: "
            "nothing of it is on the callers' menu.",
        ),
        StoryStep("duty", "type_pin", caption="Her PIN."),
        StoryStep("duty", "choose_case", caption="She opens the request."),
        StoryStep("duty", "choose", "Call her", "Nobody has called yet, she reads."),
        StoryStep("duty", "choose", "Number to call", "To see the number she has to say why."),
        StoryStep("duty", "choose", "First call", "The reason is kept on record."),
        StoryStep(
            "duty",
            "choose",
            "What came of the call?",
            "Now she rings, and she knows what to say first. Afterwards she notes what came of it.",
        ),
        StoryStep(
            "duty",
            "choose",
            "I reached her",
            "The next one who opens the request sees it.",
        ),
        StoryStep(
            "duty", "read", caption="She was called, as she asked. That is the end of this story."
        ),
    ),
)

CHILD: Final = Story(
    "child",
    "A neighbour reports a child",
    "The neighbour gives no name. The nurse on duty hears of it within seconds, and reads the "
    "answers on her own line.",
    steps=(
        StoryStep(
            "neighbour", "dial", caption="A neighbour has seen something, and dials the short code."
        ),
        StoryStep(
            "neighbour",
            "choose",
            "Worried about a child",
            "Most who come to the centres are children, so they have a path of their own.",
        ),
        StoryStep(
            "neighbour",
            "choose",
            "No",
            "Is the child in danger right now? With a yes the alert would leave at once.",
        ),
        StoryStep(
            "neighbour", "choose", "6-11", "How old the child is decides how fast staff must act."
        ),
        StoryStep(
            "neighbour",
            "choose",
            "Beating, injury",
            "A suspicion is enough. No name is asked, neither of the child nor of anybody else.",
        ),
        StoryStep("neighbour", "choose", "It is still going on", "When it happened."),
        StoryStep(
            "neighbour",
            "type_place",
            caption="Where the child lives: a few letters are enough, also misspelt ones.",
        ),
        StoryStep("neighbour", "choose_match", caption="The place is on the list."),
        StoryStep(
            "neighbour",
            "choose",
            "Now",
            "When may a worker call? The neighbour could also stay unknown.",
        ),
        StoryStep(
            "neighbour",
            "choose",
            "Continue",
            "How the worker will speak, and what to say if somebody listens.",
        ),
        StoryStep(
            "neighbour",
            "choose",
            "Yes, send",
            "What the law may ask of staff is said before, not after.",
        ),
        StoryStep("neighbour", "read", caption="What to do until somebody comes, and what not."),
        StoryStep(
            "duty",
            "hear",
            caption="A child under 12: the nearest centre is alerted with the highest priority.",
        ),
        StoryStep("duty", "accept", caption="The nurse on duty accepts."),
        StoryStep(
            "duty", "hear", caption="It is hers. Her colleagues get word that they need not act."
        ),
        StoryStep("duty", "dial_staff", caption="She looks into it on the staff's own line."),
        StoryStep("duty", "type_pin", caption="Her PIN."),
        StoryStep(
            "duty", "choose_case", caption="The report is open for her, because she was alerted."
        ),
        StoryStep(
            "duty",
            "choose",
            "What was answered",
            "She reads what the neighbour said, and her reading is kept on record.",
        ),
        StoryStep(
            "duty", "read", caption="A worker can go and look. That is the end of this story."
        ),
    ),
)

LEAD: Final = Story(
    "lead",
    "Nobody accepts, and the lead is woken",
    "A full report. The nurse does not see her alert. After five minutes, which pass in a moment "
    "here, the lead of the centre is woken.",
    steps=(
        StoryStep("survivor", "dial", caption="She dials the short code."),
        StoryStep("survivor", "choose", "I need help", "She wants to report what happened."),
        StoryStep(
            "survivor",
            "choose",
            "Yes, continue",
            "First question: is it safe to use this phone? The short ways out stand beside it.",
        ),
        StoryStep(
            "survivor",
            "choose",
            "Continue",
            "What happens to her answers is said before she gives one.",
        ),
        StoryStep("survivor", "choose", "18 or more", "Her age. Under 18 other rules protect her."),
        StoryStep(
            "survivor",
            "choose",
            "Sexual violence",
            "The word for violence comes up only now, after her own choices.",
        ),
        StoryStep(
            "survivor",
            "choose",
            "Last 3 days",
            "72 hours decide whether HIV can still be prevented.",
        ),
        StoryStep("survivor", "choose", "Continue", "Nobody is ever told that she is too late."),
        StoryStep("survivor", "choose_place", "", "Where she is: no nearer than her district."),
        StoryStep(
            "survivor",
            "choose_centre",
            caption="She chooses the centre herself. The nearest "
            "hospital may employ the man she fears.",
        ),
        StoryStep("survivor", "choose", "Yes, by call", "May the centre call her?"),
        StoryStep("survivor", "choose", "Now", "When it is safe."),
        StoryStep(
            "survivor",
            "choose",
            "Yes",
            "If the line cuts, what she gave so far is sent: only with this yes.",
        ),
        StoryStep(
            "survivor",
            "type",
            "2846",
            "Four digits that only she knows: staff ask for them before they speak of this.",
        ),
        StoryStep(
            "survivor",
            "choose",
            "Send: health team, national desk",
            "Who may see it is her choice. Until this key nothing was kept.",
        ),
        StoryStep("survivor", "read", caption="It is sent. The code stands here and nowhere else."),
        StoryStep(
            "duty",
            "hear",
            caption="The nurse on duty is alerted. Her phone lies in her coat, in another room.",
        ),
        StoryStep(
            "duty",
            "pass_time",
            caption="Nobody answers. The minutes that she has pass in a moment here.",
        ),
        StoryStep(
            "lead",
            "hear",
            caption="The clock of the service sees that nobody took it, and wakes "
            "the lead of the centre.",
        ),
        StoryStep("lead", "accept", caption="The lead accepts."),
        StoryStep("lead", "hear", caption="It is hers."),
        StoryStep(
            "duty",
            "hear",
            caption="The nurse is told that it is taken care of. With nobody at "
            "the centre, the national desk would have been next. That is the end of this story.",
        ),
    ),
)

STORIES: Final[Mapping[str, Story]] = {story.id: story for story in (CALL_ME, CHILD, LEAD)}


def title_of(recorded: str | None) -> str | None:
    """What people call a recording: the title of the story that was told, or what it is called."""
    story = STORIES.get(recorded or "")
    return story.title if story else recorded
