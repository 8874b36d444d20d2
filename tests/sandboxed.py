"""A client over a sandbox in memory, as most tests need one."""

from typing import Any

from cdek_async import CdekClient
from cdek_async.sandbox import Sandbox, SandboxTransport


def client_of(sandbox: Sandbox, **options: Any) -> CdekClient:
    """Use it as `async with client_of(sandbox) as client`, within a running loop."""
    return CdekClient(
        sandbox.client_id, sandbox.client_secret, transport=SandboxTransport(sandbox), **options
    )
