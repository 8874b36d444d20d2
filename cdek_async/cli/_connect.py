"""The client that the environment describes; credentials are never an argument."""

from cdek_async._client import CdekClient
from cdek_async.cli._exit import Stop


def connect(*, rate: float = 200.0) -> CdekClient:
    """A client from CDEK_CLIENT_ID, CDEK_CLIENT_SECRET and CDEK_BASE_URL; raises `Stop`."""
    try:
        return CdekClient.from_env(rate=rate)
    # OSError: SSL_CERT_FILE; ImportError: a proxy of a kind that needs a package more
    except (ValueError, OSError, ImportError) as error:
        raise Stop(str(error)) from error


def base_url(client: CdekClient) -> str:
    """Where its calls go."""
    return client._base_url  # noqa: SLF001 - the one place, until it is public
