"""The keys that tests sign and verify models with."""

from core.models.signature import Signer

SIGNING = "a signing secret of the tests"
SIGNER = Signer(SIGNING)
VERIFYING = SIGNER.verifying_key
KEYS = {"CALLWISE_SIGNING_KEY": SIGNING, "CALLWISE_VERIFYING_KEY": VERIFYING}
"""What a trainer is given; whoever only opens models needs the second."""
