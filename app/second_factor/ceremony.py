"""What a browser is asked to do with a passkey, and the check of its answer (Web Authentication, sections 5 and 7).

The owner unlocks the passkey each time (user verification), so whoever finds a security key cannot use it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.second_factor import challenges
from app.second_factor.challenges import Purpose
from app.second_factor.relying_party import RelyingParty
from core.accounts import passkeys
from core.accounts.account import Account
from core.accounts.one_time_codes import ISSUER
from core.accounts.passkeys import Passkey
from core.errors import InputError
from core.sentences import Sentence
from core.stores.mongo import Db

log = logging.getLogger(__name__)

TIMEOUT = int(challenges.LASTS.total_seconds() * 1000)
LONGEST = 12_000  # characters of an answer
# An answer comes from outside, and the library raises these for parts that are missing or of another type as well.
_REFUSED = (WebAuthnException, UnsupportedAlgorithm, ValueError, TypeError, LookupError, AttributeError, RecursionError)


def creation_options(party: RelyingParty, account: Account, challenge: bytes, held: Sequence[Passkey]) -> str:
    """The options for `navigator.credentials.create` as JSON."""
    made = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=ISSUER,
        user_id=user_handle(account),
        user_name=account.name,
        user_display_name=account.shown,
        challenge=challenge,
        timeout=TIMEOUT,
        # Phones keep, and carry to the next phone, only those that they can find without being given an id.
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(held),
    )
    return webauthn.options_to_json(made)


def request_options(party: RelyingParty, challenge: bytes, held: Sequence[Passkey]) -> str:
    """The options for `navigator.credentials.get` as JSON."""
    made = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT,
        allow_credentials=_descriptors(held),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(made)


def new_passkey(party: RelyingParty, challenge: bytes | None, answer: str, name: str, at: datetime) -> Passkey:
    """The passkey that the browser made, with this name. Raises InputError if the answer is not right."""
    try:
        if challenge is None or len(answer) > LONGEST:
            raise _not_accepted()
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _REFUSED as error:
        log.info("a new passkey is refused: %s", error)
        raise _not_accepted() from error
    return Passkey(made.credential_id, made.credential_public_key, made.sign_count, name, at)


def accepted(
    db: Db, party: RelyingParty, purpose: Purpose, token: str, account: Account, answer: str, at: datetime
) -> bool:
    """Whether `answer` shows that the account's owner has one of its passkeys; its challenge is used up.

    Raises Unavailable.
    """
    challenge = challenges.take(db, purpose, token, account.name, at)
    if challenge is None or len(answer) > LONGEST:
        return False
    held = {one.id: one for one in passkeys.passkeys_of(db, account.name)}
    try:
        credential = parse_authentication_credential_json(answer)
        passkey = held[credential.raw_id]
        signed = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared by `use`, once it is known that the passkey signed it
            require_user_verification=True,
        )
    except _REFUSED as error:
        log.info("the answer of a passkey is refused: %s", error)
        return False
    return passkeys.use(db, account, passkey, signed.new_sign_count, at)


def user_handle(account: Account) -> bytes:
    """By what an authenticator knows the account: no name, as anybody may read it there."""
    return hashlib.sha256(f"callwise passkey|{account.name}".encode()).digest()


def _descriptors(held: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.id) for one in held]


def _not_accepted() -> InputError:
    return InputError(
        Sentence("This passkey was not accepted."),
        kept=Sentence("Nothing was changed."),
        next=Sentence("Try again. The page waits {minutes} minutes for a passkey.", minutes=TIMEOUT // 60_000),
    )
