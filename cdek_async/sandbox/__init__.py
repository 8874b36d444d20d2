"""Our own CDEK look-alike, for tests in memory and over real sockets.

    sandbox = Sandbox(settle="fixed:0.5", seed=7)
    order = sandbox.add_order()                            # .uuid, .cdek_number, .number
    sandbox.script("DELETE", Fault("dropped_after"))       # the next DELETE; a plan or a share: faults=
    client = CdekClient(sandbox.client_id, sandbox.client_secret, transport=SandboxTransport(sandbox))
    async with serve(sandbox) as url: ...                  # the same over loopback; run(sandbox) blocks
    sandbox.truth(order.uuid)                              # .status, .readable, .requests
    sandbox.applied                                        # Applied(time, type, order_uuid, request_uuid)
    sandbox.calls["GET"]                                   # when each GET came, by sandbox.clock()

`Sandbox(settle=, seed=, faults=, clock=, epoch=, token_lifetime=, readable=, repeat_delete=, similar=,
several=, unauthorized=, client_id=, client_secret=)`, `.add_account(client_id, client_secret)`,
`.add_order(status=, number=, warehouse=, claims=, client_id=)`, `.add_orders(n, locked=)`,
`.script(kind, *faults)`, `.revoke_tokens()`, `.truth(uuid)`, `.applied`, `.calls`,
`.handle(method, path, query, headers, body) -> Answer`.
`Fault(kind, seconds=None, *, status=, applied=, html=, as_date=, reset=, where=, size=)`; `Kind` lists them.
A plan is `Callable[[Call], Fault | None]`. `serve(sandbox, *, host=, port=)`, `run(sandbox, *, host=, port=,
started=)` need uvicorn only when they serve.
"""

from cdek_async.sandbox.calls import Answer, Call, Hangup
from cdek_async.sandbox.faults import Fault, Kind, Plan
from cdek_async.sandbox.machine import Sandbox, Truth
from cdek_async.sandbox.orders import Order, Request
from cdek_async.sandbox.server import run, serve
from cdek_async.sandbox.store import Applied
from cdek_async.sandbox.transport import SandboxTransport

__all__ = [
    "Answer",
    "Applied",
    "Call",
    "Fault",
    "Hangup",
    "Kind",
    "Order",
    "Plan",
    "Request",
    "Sandbox",
    "SandboxTransport",
    "Truth",
    "run",
    "serve",
]
