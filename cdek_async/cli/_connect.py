"""The client that the environment describes, and its silence; credentials are never an argument."""

from urllib.parse import urlsplit

from cdek_async import CdekClient
from cdek_async.cli._exit import Stop
from cdek_async.cli._text import reason


def connect(*, rate: float = 200.0) -> CdekClient:
    """A client from CDEK_CLIENT_ID, CDEK_CLIENT_SECRET and CDEK_BASE_URL; raises `Stop`."""
    try:
        return CdekClient.from_env(rate=rate)
    except OSError as error:
        raise Stop(f"certificates (SSL_CERT_FILE, SSL_CERT_DIR): {reason(error)}") from error
    except (ValueError, ImportError) as error:  # ImportError: a proxy of a kind that needs a package more
        raise Stop(str(error)) from error


def silent_host(client: CdekClient, *, heard: bool) -> str:
    """The host that answers nothing at the moment, or has answered nothing yet; "" where one does."""
    unanswered = client.paused or (client.calls and not heard)
    return urlsplit(client.base_url).netloc if unanswered else ""
