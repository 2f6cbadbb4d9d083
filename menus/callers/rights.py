"""What happens at a centre: fear of the unknown keeps people away, so each fear has a screen."""

from __future__ import annotations

from menus.script import Caller, Choose, choose, option, screen


@screen
def at_the_centre(caller: Caller) -> Choose:
    """One line for each thing people ask before they dare to come."""
    return choose(
        "At the centre (free):",
        option("Doctor, medicine", goto=doctor),
        option("Counsellor", goto=counsellor),
        option("Investigator, law", goto=investigator),
        option("Safe room", goto=safe_room),
        option("Keep evidence", goto=evidence),
        option("Who knows", goto=who_knows),
    )


@screen
def doctor(caller: Caller) -> Choose:
    """An examination can be refused; later than 72 hours is still worth coming."""
    return choose(
        "Doctor or nurse: treat injury, prevent HIV (best within 72 hours), pregnancy and "
        "infection. Later is still OK. You can refuse any exam."
    )


@screen
def counsellor(caller: Caller) -> Choose:
    """Someone to talk to, at her pace."""
    return choose(
        "A counsellor listens, alone with you. You say only what you want to say. "
        "You can come again."
    )


@screen
def investigator(caller: Caller) -> Choose:
    """Care does not depend on a complaint."""
    return choose("You can talk to an investigator at the centre. You can get care first.")


@screen
def safe_room(caller: Caller) -> Choose:
    """Some cannot go home."""
    return choose("If home is not safe you can stay in a safe room for some days, with your child.")


@screen
def evidence(caller: Caller) -> Choose:
    """Useful if she can; never a reason to stay away."""
    return choose(
        "If you can, do not wash or change clothes before you come; keep clothes in paper. "
        "If you did wash, still come. It is your choice."
    )


@screen
def who_knows(caller: Caller) -> Choose:
    """The honest limit of privacy is said before, not after."""
    return choose(
        "Staff must keep it private. If a child is in danger they may have to act. "
        "Ask them who will know."
    )
