"""Turns: the writes of one client to one order, one after the other, and whose an order's requests are."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from math import inf
from uuid import UUID
from weakref import WeakValueDictionary

from cdek_async._deadline import Deadline
from cdek_async._errors import TransportError

_REMEMBERED = 10_000


class _Owners:
    """Whose things are, the last of them up to a limit; with a key of None, another's to everybody."""

    def __init__(self, limit: float = _REMEMBERED) -> None:
        self._limit = limit
        self._keys: OrderedDict[Hashable, Hashable] = OrderedDict()

    def __contains__(self, thing: Hashable) -> bool:
        return thing in self._keys

    def share(self, thing: Hashable, key: Hashable) -> None:
        """Add it; what is somebody's already is another's to everybody from then on."""
        self.add(thing, None if self.another(thing, key) else key)

    def add(self, thing: Hashable, key: Hashable) -> None:
        self._keys[thing] = key
        self._keys.move_to_end(thing)
        if len(self._keys) > self._limit:
            self._keys.popitem(last=False)

    def another(self, thing: Hashable, key: Hashable) -> bool:
        return thing in self._keys and (key is None or key != self._keys[thing])


class Turns:
    """Within one client, writes to one order go one after the other, and what is known of them is kept.

    An operation that may come back, in the next life of its job, has a `key`; others have None.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID | None, asyncio.Lock] = WeakValueDictionary()
        self._noted = _Owners()
        self._over = _Owners()  # apart: a long journal's rows would drive out what is still looked for
        self._doubts = _Owners()
        self._left = _Owners(inf)
        self._known = _Owners(inf)

    def note(self, request_uuid: UUID | None, key: Hashable) -> None:
        """A request is that of the operation with this key."""
        if request_uuid is not None:
            self._noted.add(request_uuid, key)

    def over(self, request_uuid: UUID) -> None:
        """A request had its verdict: it is nobody's to find any more."""
        self._over.add(request_uuid, None)

    def recall(self, order_uuid: UUID, request_uuid: UUID | None, key: Hashable) -> None:
        """What a journal knows of an order that was left in doubt: whose a request is, or a doubt."""
        if request_uuid is None:
            self._left.share(order_uuid, key)
        else:
            self._known.add(request_uuid, key)

    def anothers(self, request_uuid: UUID | None, key: Hashable) -> bool:
        """Whether a request is known not to be that of the operation with this key."""
        noted = self._noted.another(request_uuid, key) or self._known.another(request_uuid, key)
        return noted or request_uuid in self._over

    def doubt(self, order_uuid: UUID | None, key: Hashable) -> None:
        """A write of this order was lost in this client, and never found: what shows later may be that."""
        self._doubts.share(order_uuid, key)

    def doubted(self, order_uuid: UUID | None) -> bool:
        """Whether a write of this order was lost in this client."""
        return order_uuid in self._doubts

    def in_doubt(self, order_uuid: UUID | None, key: Hashable) -> bool:
        """Whether another one than that with this key was, here or long ago."""
        return self._doubts.another(order_uuid, key) or self._left.another(order_uuid, key)

    def taken(self, order_uuid: UUID | None) -> bool:
        """Whether a write to an order is under way."""
        lock = self._locks.get(order_uuid)
        return lock is not None and lock.locked()

    async def wait(self, order_uuid: UUID | None, deadline: Deadline) -> asyncio.Lock:
        """Wait for one's turn with an order, no longer than the deadline; release it."""
        lock = self._locks.setdefault(order_uuid, asyncio.Lock())
        try:
            await deadline.within(lock.acquire)
        except TimeoutError as error:
            raise TransportError(f"order {order_uuid}: not sent, another write was under way") from error
        return lock
