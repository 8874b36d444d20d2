"""The public names, each from where it lives."""

from cdek_async._bulk import Bulk
from cdek_async._client import CdekClient
from cdek_async._differences import Difference, Differences, differences
from cdek_async._errors import (
    AuthError,
    BadReply,
    CdekError,
    OrderNotFound,
    Rejected,
    TransportError,
    Unsettled,
)
from cdek_async._guard import guarded
from cdek_async._journal import Journal
from cdek_async._models import Environment, Issue, Request, State, Ticket, Verdict
from cdek_async._operations import DeleteOrder, Operation, UpdateOrder
from cdek_async._orders import (
    UNSET,
    Contact,
    Item,
    Location,
    Money,
    Order,
    OrderChanges,
    OrderInfo,
    Package,
    Phone,
    Seller,
    Service,
    Threshold,
)
from cdek_async._outcome import Outcome
from cdek_async._polling import Polling
from cdek_async._progress import Progress
from cdek_async._version import __version__

__all__ = [
    "UNSET",
    "AuthError",
    "BadReply",
    "Bulk",
    "CdekClient",
    "CdekError",
    "Contact",
    "DeleteOrder",
    "Difference",
    "Differences",
    "Environment",
    "Issue",
    "Item",
    "Journal",
    "Location",
    "Money",
    "Operation",
    "Order",
    "OrderChanges",
    "OrderInfo",
    "OrderNotFound",
    "Outcome",
    "Package",
    "Phone",
    "Polling",
    "Progress",
    "Rejected",
    "Request",
    "Seller",
    "Service",
    "State",
    "Threshold",
    "Ticket",
    "TransportError",
    "Unsettled",
    "UpdateOrder",
    "Verdict",
    "__version__",
    "differences",
    "guarded",
]
