"""Who may ask: accounts, and the tokens they were given."""

import random
from urllib.parse import parse_qsl

from cdek_async.sandbox.calls import Call


class Accounts:
    """Accounts by `client_id`, tokens with their expiry."""

    def __init__(self, rng: random.Random, lifetime: float) -> None:
        self._rng, self._lifetime = rng, lifetime
        self._secrets: dict[str, str] = {}
        self._tokens: dict[str, tuple[str, float]] = {}

    def add(self, client_id: str, client_secret: str) -> None:
        self._secrets[client_id] = client_secret

    def issue(self, call: Call, now: float) -> dict[str, object] | None:
        """The body of a token reply, or None for credentials that nobody has.

        CDEK reads them from the form body and from the query.
        """
        given = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
        client_id = given.get("client_id", "")
        if given.get("grant_type") != "client_credentials" or client_id not in self._secrets:
            return None
        if given.get("client_secret") != self._secrets[client_id]:
            return None
        for old in [token for token, (_, expires) in self._tokens.items() if expires <= now - _REMEMBERED]:
            del self._tokens[old]
        token = f"sandbox.{len(self._tokens)}.{self._rng.getrandbits(128):032x}"
        self._tokens[token] = (client_id, now + self._lifetime)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self._lifetime),
            "scope": "location:all order:all payment:all",
            "jti": f"{self._rng.getrandbits(128):032x}",
        }

    def owner(self, call: Call, now: float) -> tuple[str, str]:
        """The account behind a call and "", or "" and the code of the refusal."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if not token:
            return "", "unauthorized"
        client_id, expires = self._tokens.get(token, ("", 0.0))
        if scheme != "Bearer" or not client_id:
            return "", "v2_authorization_incorrect"
        return (client_id, "") if now < expires else ("", "v2_token_expired")

    def revoke(self, now: float) -> None:
        """Let every token given so far count as expired."""
        self._tokens = {token: (owner, min(expires, now)) for token, (owner, expires) in self._tokens.items()}


_REMEMBERED = 3600.0  # an expired token is told from a forged one for as long
