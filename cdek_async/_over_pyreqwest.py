"""Exchanges over pyreqwest, a native engine: a third of the cost of any that is written in Python."""

import asyncio
import re
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.response import Response

from cdek_async._models import Call
from cdek_async._transport import (
    CONNECT,
    ENCODED,
    HEADERS,
    MAX_REPLY,
    TOO_LONG,
    Answer,
    Silence,
    is_plain,
    words,
)

# What lies beneath every error of its that came before a byte of the request was written.
_BEFORE = "client error (Connect)"
_SYSTEM = re.compile(r"\(os error (\d{1,5})\)")
_LOOKUP = "failed to lookup address information: "
_TLS = ("invalid peer certificate", "received fatal alert", "received corrupt message")
_REST = 0.05  # seconds; see aclose


class OverPyreqwest:
    """A base URL behind a native client."""

    cuttable = True

    def __init__(self, base_url: str, proxy: str | None) -> None:
        self._base_url = base_url
        self._used = False
        builder = (
            ClientBuilder()
            .default_headers(HEADERS)
            .connect_timeout(timedelta(seconds=CONNECT))
            .follow_redirects(False)
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .referer(False)
            .no_proxy()
        )
        if proxy is not None:
            builder = builder.proxy(ProxyBuilder.all(proxy))
        self._client: Client = builder.build()

    async def ask(self, call: Call, seconds: float, authorization: str | None) -> Answer:
        self._used = True
        builder = self._client.request(call.method, self._base_url + call.path)
        builder = builder.timeout(timedelta(seconds=seconds))
        if authorization is not None:
            builder = builder.header("Authorization", authorization, is_sensitive=True)
        if call.params:
            builder = builder.query(dict(call.params))
        if call.body:
            builder = builder.header("Content-Type", call.content_type).body_bytes(call.body)
        async with builder.build_streamed() as response:
            body, problem = await _read(response)
            return Answer(
                response.status,
                response.get_header("content-type"),
                response.get_header("date"),
                response.get_header("retry-after"),
                body,
                problem,
            )

    def silence(self, error: Exception) -> Silence:
        """It reports a cut connection as a ConnectError too, so the causes beneath are read."""
        causes = _causes(error)
        unsent = _BEFORE in causes
        tls = next((cause for cause in causes if cause.startswith(_TLS)), None) if unsent else None
        what = f"TLS failed: {tls}" if tls else _words(error, causes[-1:])
        return Silence(what, unsent, lasting=tls is not None)

    async def aclose(self) -> None:
        await self._client.close()
        del self._client  # only then its idle connections end
        if self._used:
            # Its thread lets go of the last answer a little later; an interpreter that ends meanwhile aborts.
            await asyncio.sleep(_REST)


async def _read(response: Response) -> tuple[bytes, str]:
    """The raw body, or what is wrong with it."""
    if not is_plain(response.get_header("content-encoding")):
        return b"", ENCODED
    body = await response.body_reader.read(MAX_REPLY + 1)  # waits for as much, or for the end
    if body is None:
        return b"", ""
    return (body.to_bytes(), "") if len(body) <= MAX_REPLY else (b"", TOO_LONG)


def _words(error: Exception, last: list[str]) -> str:
    """The system's words, which stand in the last cause, or an error's name; its text may hold anything."""
    system = _SYSTEM.search("".join(last))
    name = "".join(last).partition(_LOOKUP)[2]
    return words(int(system[1]), "") if system else name or type(error).__name__


def _causes(error: Exception) -> list[str]:
    details = error.details if isinstance(error, DetailedPyreqwestError) else {"causes": None}
    return [cause["message"] for cause in details["causes"] or ()]
