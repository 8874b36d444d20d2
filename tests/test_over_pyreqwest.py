"""What a native engine's errors tell of a call: by the causes beneath, for their names do not."""

import pytest
from pyreqwest.exceptions import BodyDecodeError, ConnectError, ConnectTimeoutError, RequestError

from cdek_async._over_pyreqwest import OverPyreqwest
from cdek_async._transport import Silence

SENDING = "error sending request for url (http://cdek.test/?im_number=marker)"
LEFT = "client error (SendRequest)"
BEFORE = "client error (Connect)"


@pytest.mark.parametrize(
    ("kind", "causes", "told"),
    [
        (
            ConnectError,
            [SENDING, BEFORE, "tcp connect error", "Connection refused (os error 111)"],
            Silence("Connection refused", unsent=True, lasting=False),
        ),
        (
            ConnectError,
            [SENDING, BEFORE, "dns error", "failed to lookup address information: Name not known"],
            Silence("Name not known", unsent=True, lasting=False),
        ),
        (
            ConnectError,
            [SENDING, BEFORE, "invalid peer certificate: UnknownIssuer"],
            Silence("TLS failed: invalid peer certificate: UnknownIssuer", unsent=True, lasting=True),
        ),
        (
            ConnectTimeoutError,
            [SENDING, BEFORE, "operation timed out"],
            Silence("ConnectTimeoutError", unsent=True, lasting=False),
        ),
        (
            ConnectTimeoutError,
            [SENDING, "operation timed out"],
            Silence("ConnectTimeoutError", unsent=False, lasting=False),
        ),
        (
            ConnectError,
            [SENDING, LEFT, "connection error", "Connection reset by peer (os error 104)"],
            Silence("Connection reset by peer", unsent=False, lasting=False),
        ),
        (
            ConnectError,
            [SENDING, LEFT, "received fatal alert: BadRecordMac"],
            Silence("ConnectError", unsent=False, lasting=False),
        ),
        (BodyDecodeError, ["marker"], Silence("BodyDecodeError", unsent=False, lasting=False)),
        (RequestError, None, Silence("RequestError", unsent=False, lasting=False)),
    ],
)
def test_only_a_connection_that_was_never_made_is_no_doubt(
    kind: type[RequestError], causes: list[str] | None, told: Silence
) -> None:
    """A reset after the send is a ConnectError to it, too; and the url in its words is not told on."""
    details = None if causes is None else [{"message": cause} for cause in causes]
    error = kind("connection error", {"causes": details})  # type: ignore[typeddict-item]
    assert OverPyreqwest("http://cdek.test", None).silence(error) == told


def test_any_other_error_leaves_a_doubt() -> None:
    """A defect may come before the send or after it."""
    silence = OverPyreqwest("http://cdek.test", None).silence(ValueError("marker"))
    assert silence == Silence("ValueError", unsent=False, lasting=False)
