"""The vocabulary of the event log: every value of an event's `what`.

Writers and readers name an event by a member of `Event`. The state of an incident's cause is the one open kind, because
each indicator is a cause of its own: `cause_event` names it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

CauseEvent = NewType("CauseEvent", str)
"""The name of the event that records the state of a cause."""


class Event(StrEnum):
    """What happened."""

    ACCOUNT_MADE = "account made"
    ACCOUNT_DISABLED = "account disabled"
    ACCOUNT_ENABLED = "account enabled"
    ROLE_CHANGED = "role changed"
    PASSWORD_RESET = "password reset"  # noqa: S105  a name
    PASSWORD_CHANGED = "password changed"  # noqa: S105
    SECOND_FACTOR_ON = "second factor on"
    SECOND_FACTOR_OFF = "second factor off"
    SECOND_FACTOR_RESET = "second factor reset"
    RECOVERY_CODE_USED = "recovery code used"
    RECOVERY_CODES_RENEWED = "recovery codes renewed"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    PASSKEY_COPIED = "passkey may be copied"
    SESSIONS_ENDED = "sessions ended"
    SIGNED_IN = "signed in"
    SIGN_IN_THROTTLED = "sign-in throttled"
    TOOL_CHANGED = "tool changed"
    TOKEN_MADE = "token made"  # noqa: S105
    TOKEN_REVOKED = "token revoked"  # noqa: S105

    CAMPAIGN_IMPORTED = "campaign file imported"
    CAMPAIGN_ASSIGNED = "campaign assigned"
    CAMPAIGN_RENAMED = "campaign renamed"
    CAMPAIGN_OPEN = "campaign open"
    CAMPAIGN_PAUSED = "campaign paused"
    CAMPAIGN_CLOSED = "campaign closed"
    CAMPAIGN_DELETED = "campaign deleted"
    IMPORT_UNDONE = "import undone"
    PEOPLE_WITHDRAWN = "people withdrawn"
    PEOPLE_PUT_BACK = "people put back"
    SCRIPT_CHANGED = "script changed"
    DIALLING_CHANGED = "dialling address changed"
    OWN_RESULT_CHANGED = "own result changed"
    CALLBACK_REASSIGNED = "callback reassigned"
    RESULT_CORRECTED = "result corrected"
    RESULTS_SETTLED = "late result settled"
    CALLING_RULES_CHANGED = "calling rules changed"
    PROSPECTS_SET_ASIDE = "prospects set aside"
    LIST_EXPORTED = "ranked list exported"
    PUT_ON_DO_NOT_CALL = "put on the do-not-call list"
    TAKEN_OFF_DO_NOT_CALL = "taken off the do-not-call list"
    NUMBERS_BARRED = "numbers put on the do-not-call list"
    NUMBERS_FREED = "numbers taken off the do-not-call list"
    WISHES_EXPIRED = "wishes not to be called ended"
    WISHES_EXPORTED = "do-not-call list exported"
    REGISTER_TAKEN = "register of numbers taken in"
    REGISTER_REMOVED = "register of numbers removed"
    PERSON_ERASED = "person erased"

    KIND_ADDED = "campaign kind added"
    KIND_CHANGED = "campaign kind changed"
    KIND_RETIRED = "campaign kind retired"

    OUTCOMES_READ = "outcomes read"
    TRAINING_ASKED = "training asked for"
    TRAINING_REFUSED = "training refused"
    TRAINING_ENDED = "training ended"

    MODEL_ON_TRIAL = "model on trial"
    MODEL_PROMOTED = "model promoted"
    MODEL_DROPPED = "model dropped"
    MODEL_ROLLED_BACK = "model rolled back"
    MODEL_HELD = "model held"
    MODEL_RELEASED = "model released"
    MODEL_REFRESHED = "model refreshed"
    MODEL_MIXED = "model mixed in"
    MODEL_RENEWED = "model renewed"
    MODEL_LEFT_OUT = "model left out"
    MODEL_LOST = "model lost"
    MODELS_SIGNED = "models signed"

    INCIDENT_OPEN = "incident open"
    INCIDENT_RETRAINING = "incident retraining"
    INCIDENT_CANARY = "incident canary"
    INCIDENT_RESOLVED = "incident resolved"
    INCIDENT_ESCALATED = "incident escalated"
    INCIDENT_ACKNOWLEDGED = "incident acknowledged"
    REVIEW_SIGNED = "review signed"

    @classmethod
    def of_campaign(cls, state: str) -> Event:
        """The event of a campaign that becomes open, paused or closed. Raises ValueError for another state."""
        return cls(f"campaign {state}")

    @classmethod
    def of_decision(cls, decided: str) -> Event:
        """The event of a decision about a model. Raises ValueError for another decision."""
        return cls(f"model {decided}")

    @classmethod
    def of_incident(cls, status: str) -> Event:
        """The event of an incident that takes this status. Raises ValueError for another status."""
        return cls(f"incident {status}")


def cause_event(cause: str, state: str) -> CauseEvent:
    """The event that `cause` (`drift`, `quality`, `economy:euribor3m`, …) was found in `state`."""
    return CauseEvent(f"{cause}: {state}")
