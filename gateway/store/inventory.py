"""What whoever gets hold of the database can read in it, column by column, and why that may be.

Every column is declared here exactly once: public for a reason, a keyed hash, or encrypted. A new
column has no place in the schema until somebody has thought about this; a test compares. Keys and
peppers are in the key folders, so neither database nor backup opens what is encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _columns(reason: str, **tables: str) -> dict[str, str]:
    """`table.column` to the reason, for columns that are written as "name name name"."""
    return {f"{table}.{name}": reason for table, names in tables.items() for name in names.split()}


PUBLIC: Final[Mapping[str, str]] = {
    **_columns(
        "made up by chance or counted: it leads nowhere outside this database",
        alerts="id",
        audit="id lane seq",
        audit_heads="rows",
        audit_lanes="lane seq kept_after",
        delivery_reports="id",
        number_uses="id",
        outbox="id",
        reports="id",
        shifts="id",
        staff="id",
        swaps="id",
    ),
    **_columns(
        "which row belongs to which: it says that, and not who",
        alerts="report_id staff_id",
        audit="report_id",
        call_attempts="report_id staff_id",
        code_tries="report_id",
        contacts="report_id",
        data_keys="report_id",
        actions="report_id",
        incoming_sms="staff_id",
        number_uses="report_id",
        outbox="report_id staff_id alert_id",
        pin_tries="staff_id",
        reports="accepted_by folded_into",
        shifts="staff_id",
        swaps="from_staff to_staff",
    ),
    **_columns(
        "when something was done by this service: the timers and the clean-up go by it",
        alerts="created_at answered_at",
        audit="at",
        audit_heads="day at",
        audit_lanes="begun_at",
        processes_seen="at",
        call_attempts="at",
        code_tries="tried_at",
        contacts="reported_at sms_stopped_at",
        delivery_reports="received_at",
        incoming_sms="received_at",
        number_uses="at",
        outbox="created_at due_at expires_at lease_until finished_at missed_at",
        pin_tries="tried_at",
        providers="failing_since doubted_at tried_at accepted_at probed_at balance_low_at",
        reports="created_at escalate_at draft_ends_at muted_until check_fold_at accepted_at "
        "closed_at remind_at purged_at",
        shifts="starts_at ends_at end_seen_at",
        staff="pin_set_at opted_out_at left_at tested_at test_answered_at test_missed_at",
        swaps="asked_at expires_at answered_at",
    ),
    **_columns(
        "how far the service has come with it: a word or a number of the code's own",
        alerts="level state wrong",
        processes_seen="name",
        call_attempts="outcome",
        number_uses="what",
        providers="name points failures alive",
        outbox="state attempt maybe_sent bounces outcome tried urgency",
        incoming_sms="wrong",
        pin_tries="right",
        reports="state partial level waiting reminders",
    ),
    **_columns(
        "the list of centres is open to everybody",
        centres="id name town area kind always_open latitude longitude",
    ),
    **_columns(
        "who has checked a centre must be seen by all who rely on it",
        centres="source verified_on verified_by",
    ),
    **_columns(
        "an alert must find the staff of the right place, in their language, with no key at hand",
        reports="about priority centre_id avoid investigator language",
        staff="centre_id role language on_duty",
    ),
    **_columns(
        "opens nothing without the four digits that the caller chose",
        reports="code",
    ),
    **_columns(
        "the network that millions of phones are on, for the operator's bill and faults",
        reports="network",
    ),
    **_columns(
        "a word of the code's own and values without a person in them: the text is made from these "
        "when it is sent",
        outbox="audience template values",
    ),
    **_columns(
        "made of row ids, times, keyed hashes and the provider's ids: one SMS for one cause",
        outbox="dedupe_key",
    ),
    **_columns(
        "the provider's own words and ids: they lead to a number only in the provider's books",
        delivery_reports="provider_message_id status reason",
        incoming_sms="id",
        outbox="provider provider_message_id delivery",
    ),
    **_columns(
        "who did what, as row ids and words of the code's own: an audit must be readable",
        audit="actor act detail",
    ),
    **_columns(
        "which key a wrapped data key is for: without the key file it opens nothing",
        data_keys="purpose recipient key_id",
    ),
}

HASHED: Final[Mapping[str, str]] = {
    **_columns(
        "HMAC that a row, and all before it, are as they were written: it says nothing by itself",
        audit="digest",
        audit_heads="lanes letters",
        audit_lanes="digest kept_digest seal",
    ),
    **_columns(
        "HMAC of a telephone number, under a key for this purpose alone",
        code_tries="number_hash",
        contacts="number_hash",
        number_uses="number_hash",
        staff="number_hash",
    ),
    **_columns(
        "HMAC of a session and what was done in it, so that a repeated step changes nothing",
        call_attempts="id",
        code_tries="request",
        actions="request",
        pin_tries="request",
    ),
    **_columns("HMAC of the code that was tried", code_tries="code_hash"),
    **_columns(
        "Argon2id of an HMAC under the pepper: four digits withstand no guessing without it",
        reports="secret_hash",
        staff="pin_hash",
    ),
}

ENCRYPTED: Final[Mapping[str, str]] = {
    **_columns("AES-256-GCM under the report's data key for answers", reports="answers"),
    **_columns("AES-256-GCM under the report's data key for contact", contacts="sealed"),
    **_columns("a sealed box to the public key of its recipient", data_keys="sealed"),
    **_columns("a sealed box to the worker, who sends the SMS", outbox="sealed", staff="number"),
}
