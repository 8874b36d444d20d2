"""A client over a sandbox in memory, as most tests need one, and a sandbox that shows nothing for a while."""

from typing import Any

from cdek_async import CdekClient
from cdek_async.sandbox import Call, Fault, Sandbox, SandboxTransport


def client_of(sandbox: Sandbox, **options: Any) -> CdekClient:
    """Use it as `async with client_of(sandbox) as client`, within a running loop."""
    return CdekClient(
        sandbox.client_id, sandbox.client_secret, transport=SandboxTransport(sandbox), **options
    )


class Blind(Sandbox):
    """A sandbox that shows no order for as long as it is `blind`."""

    def __init__(self, settle: str, shows: str = "html", *, blind: bool = True) -> None:
        super().__init__(settle=settle, faults=self._unseen)
        self.blind = blind
        self._shows = shows

    def _unseen(self, call: Call) -> Fault | None:
        return Fault(self._shows) if self.blind and call.kind == "GET" else None
