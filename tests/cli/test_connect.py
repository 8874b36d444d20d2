import pytest

from cdek_async.cli._connect import connect
from cdek_async.cli._exit import Code, Stop


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"CDEK_CLIENT_ID": ""}, "not set in the environment: CDEK_CLIENT_ID"),
        ({"CDEK_BASE_URL": "ftp://x"}, "base_url: expected https://host"),
        (
            {"SSL_CERT_FILE": "/nowhere"},
            "certificates (SSL_CERT_FILE, SSL_CERT_DIR): no such file or directory",
        ),
        ({"HTTPS_PROXY": "socks5://x"}, "Using SOCKS proxy, but the 'socksio' package is not installed"),
    ],
)
def test_an_environment_that_does_not_do_is_one_line(
    changes: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad usage, before anything is sent."""
    for name in ("CDEK_CLIENT_ID", "CDEK_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("CDEK_BASE_URL", "test")
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Stop) as stop:
        connect()
    assert str(stop.value).startswith(why)
    assert stop.value.code == Code.USAGE


def test_the_client_goes_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name stands for CDEK's host."""
    for name in ("CDEK_CLIENT_ID", "CDEK_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("CDEK_BASE_URL", "test")
    assert connect(rate=5).base_url == "https://api.edu.cdek.ru"
