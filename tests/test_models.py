"""The engine's values: tickets that survive as JSON, states that stay, a `repr` that names no person."""

import copy
import json
import pickle
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cdek_async import Environment, Issue, Request, State, Ticket, Verdict
from cdek_async._models import Call, Reply
from tests.replies import ORDER, OURS, PERSON, at, ticket

INVALID = Request(
    OURS,
    "DELETE",
    State.INVALID,
    at(3),
    errors=(Issue("v2_update_forbidden", PERSON, "0x1E0EBE20"), Issue("error_validate", PERSON)),
    warnings=(Issue("v2_cost_change_by_tariff", PERSON),),
)
FINAL = ticket(verdict=Verdict.REJECTED, request=INVALID)


def plain(**changes: Any) -> str:
    """A ticket's JSON with some members changed; an ellipsis takes one out."""
    data = json.loads(FINAL.to_json()) | changes
    return json.dumps({name: value for name, value in data.items() if value is not ...})


moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=7, minutes=30))]))
words = st.text(max_size=20)
issues = st.lists(st.builds(Issue, words, additional_code=st.none() | words), max_size=3).map(tuple)
requests = st.builds(
    Request,
    request_uuid=st.none() | st.uuids(),
    type=words,
    state=st.sampled_from(State) | words.filter(lambda word: word not in State.__members__),
    date_time=st.none() | moments,
    errors=issues,
    warnings=issues,
)
tickets = st.builds(
    Ticket,
    host=words,
    account=words,
    kind=words,
    order_uuid=st.none() | st.uuids(),
    request_uuid=st.none() | st.uuids(),
    request_type=words,
    since=st.none() | moments,
    adopted=st.booleans(),
    verdict=st.none() | st.sampled_from(Verdict),
    request=st.none() | requests,
)


@given(tickets)
def test_a_ticket_survives_as_json(kept: Ticket) -> None:
    """Whatever a ticket says, its JSON says too, its request included."""
    read = Ticket.from_json(kept.to_json())
    assert read == kept
    assert read.request == kept.request
    assert read.to_json() == kept.to_json()


def test_a_ticket_is_plain_data() -> None:
    """A ticket's JSON is one ASCII line of text, numbers and null, with a version, for any language."""
    text = FINAL.to_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "version": 1,
        "host": "api.edu.cdek.ru",
        "account": "0123456789abcdef",
        "kind": "delete",
        "order_uuid": str(ORDER),
        "request_uuid": str(OURS),
        "request_type": "DELETE",
        "since": "2026-05-04T12:00:00+00:00",
        "adopted": False,
        "verdict": "rejected",
        "request": {
            "request_uuid": str(OURS),
            "type": "DELETE",
            "state": "INVALID",
            "date_time": "2026-05-04T12:00:03+00:00",
            "errors": [["v2_update_forbidden", "0x1E0EBE20"], ["error_validate", None]],
            "warnings": [["v2_cost_change_by_tariff", None]],
        },
    }


def test_a_ticket_keeps_the_states_that_cdek_adds() -> None:
    """A known state comes back as itself, an unknown one as the text that it is."""
    assert Ticket.from_json(plain()).request == evolve(
        INVALID,
        errors=tuple(evolve(issue, message="") for issue in INVALID.errors),
        warnings=tuple(evolve(issue, message="") for issue in INVALID.warnings),
    )
    read = Ticket.from_json(plain(request=json.loads(plain())["request"] | {"state": "PAUSED"}))
    assert read.request is not None
    assert read.request.state == "PAUSED"
    assert not read.request.final


def test_a_ticket_names_no_person() -> None:
    """CDEK's messages, which may echo a recipient, reach neither a ticket's JSON nor its `repr`."""
    assert "Синицын" not in str(json.loads(FINAL.to_json())) + repr(FINAL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "null",
        "5",
        '"ticket"',
        "[]",
        '["version"]',
        "{}",
        "{",
        '{"host":"h"}',
        "NaN",
        "9" * 5000,
        "[" * 100_000,
    ],
)
def test_what_is_no_ticket_is_a_value_error(text: str) -> None:
    """Text that never was a ticket is a ValueError that says so in one line."""
    with pytest.raises(ValueError, match=r"\Athis is not a ticket: expected what Ticket.to_json\(\) wrote\Z"):
        Ticket.from_json(text)


@pytest.mark.parametrize("text", [None, 5, ["version"], {"version": 1}])
def test_what_is_no_text_is_no_ticket(text: Any) -> None:
    """A value that is no text is the same ValueError."""
    with pytest.raises(ValueError, match=r"\Athis is not a ticket"):
        Ticket.from_json(text)


@pytest.mark.parametrize("version", [0, 2, "1", None, [1], True])
def test_a_ticket_of_another_version_is_not_guessed_at(version: object) -> None:
    """A ticket that a later version wrote is a ValueError naming both versions."""
    with pytest.raises(ValueError, match=r"a ticket of version .* is not readable here, only 1\Z"):
        Ticket.from_json(plain(version=version))


REQUEST = json.loads(FINAL.to_json())["request"]


WRONG: dict[str, list[Any]] = {
    "host": [None, 5, []],
    "account": [None, 5, []],
    "kind": [None, 5, []],
    "request_type": [None, 5, []],
    "order_uuid": ["", "x", 7, [], {}, "5b0c"],
    "request_uuid": ["", "x", 7, [], {}, "5b0c"],
    "since": ["", "yesterday", "2026-13-01T00:00:00Z", 1767225600, []],
    "verdict": ["", "OK", "yes", 1, [], {}],
    "adopted": [None, "yes", "false", 1, 0, []],
    "request": [5, "x", [], {}, True],
}
LISTS: list[Any] = [
    None,
    5,
    "x",
    {"ab": 1},
    ["ab"],
    [[]],
    [["code"]],
    [[None, None]],
    [["code", 5]],
    [[1, 2, 3]],
]
WRONG_IN_REQUEST: dict[str, list[Any]] = {
    "state": [None, 3, []],
    "type": [None, 3],
    "date_time": ["", "soon", 3],
    "errors": LISTS,
    "warnings": LISTS,
}


@pytest.mark.parametrize(
    "damage",
    [
        *({name: ...} for name in json.loads(FINAL.to_json()) if name != "version"),
        *({name: each} for name, wrong in WRONG.items() for each in wrong),
        *({"request": {key: value for key, value in REQUEST.items() if key != name}} for name in REQUEST),
        *({"request": REQUEST | {name: each}} for name, wrong in WRONG_IN_REQUEST.items() for each in wrong),
    ],
)
def test_a_damaged_ticket_is_a_value_error(damage: dict[str, Any]) -> None:
    """A ticket with a member missing or of another kind is a ValueError in one line, never half read."""
    with pytest.raises(ValueError, match=r"\Athis ticket is damaged: .+\Z"):
        Ticket.from_json(plain(**damage))


@given(st.integers(0, len(FINAL.to_json()) - 1))
def test_a_ticket_cut_short_is_a_value_error(length: int) -> None:
    """A ticket whose writing was interrupted anywhere is a ValueError."""
    with pytest.raises(ValueError, match="this is not a ticket"):
        Ticket.from_json(FINAL.to_json()[:length])


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_ticket_with_a_verdict_is_final(verdict: Verdict | None) -> None:
    """A ticket needs no further call exactly when it bears a verdict."""
    assert ticket(verdict=verdict).final == (verdict is not None)


def test_a_ticket_is_a_value() -> None:
    """Tickets compare, hash, pickle and copy; the first answer's text makes no other ticket."""
    same = Ticket.from_json(FINAL.to_json())
    assert same == FINAL
    assert len({same, FINAL, ticket()}) == 2
    for kept in (pickle.loads(pickle.dumps(FINAL)), copy.deepcopy(FINAL)):  # noqa: S301 - our own bytes
        assert kept == FINAL
        assert kept.request == FINAL.request
    with pytest.raises(AttributeError):
        FINAL.kind = "update"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("state", "final"),
    [
        (State.ACCEPTED, False),
        (State.WAITING, False),
        (State.SUCCESSFUL, True),
        (State.INVALID, True),
        ("SUCCESSFUL", True),
        ("PAUSED", False),
        ("", False),
    ],
)
def test_a_request_is_final_in_two_states(state: State | str, final: bool) -> None:
    """SUCCESSFUL and INVALID stay; every other state, one that CDEK adds tomorrow too, may change."""
    assert Request(None, "UPDATE", state).final is final
    assert (state in State.__members__ and State(state).final) is final


def test_a_repr_shows_no_message_and_no_body() -> None:
    """What may name a person is in no `repr`: messages, what was sent, what was answered."""
    call = Call("PATCH", "/v2/orders", body=PERSON.encode(), write=True)
    reply = Reply(200, {"entity": {"comment": PERSON}}, at(0))
    for value in (INVALID, INVALID.errors, call, reply, ticket(request=INVALID)):
        shown = repr(value)
        assert "Синицын" not in shown
        assert "7999" not in shown
    assert "v2_update_forbidden" in repr(INVALID)


def test_the_environments_are_cdeks_hosts() -> None:
    """The three hosts are base URLs, and usable as text."""
    assert {name: str(url) for name, url in Environment.__members__.items()} == {
        "PRODUCTION": "https://api.cdek.ru",
        "TEST": "https://api.edu.cdek.ru",
        "CHINA": "https://int.cdek-express.cn",
    }


def test_a_ticket_of_before_the_first_answer_says_nothing_more() -> None:
    """What is not known yet is null, and comes back as None."""
    bare = Ticket("h", "a", "update", None, None, "UPDATE", None)
    assert Ticket.from_json(bare.to_json()) == bare
    assert not bare.final


@pytest.mark.parametrize("moment", ["2026-05-04T12:00:00", "2026-05-04T12:00:00+00:00"])
def test_a_moment_without_a_zone_is_cdeks(moment: str) -> None:
    """A ticket written by hand may lack the zone of its moments; they compare with CDEK's all the same."""
    read = Ticket.from_json(plain(since=moment, request=REQUEST | {"date_time": moment}))
    assert read.since == at(0)
    assert read.request is not None
    assert read.request.date_time == at(0)


@pytest.mark.parametrize("damage", ["version", "verdict", "order_uuid"])
def test_a_damaged_ticket_is_not_echoed_whole(damage: str) -> None:
    """However long what a ticket says wrongly, the error stays one short line."""
    with pytest.raises(ValueError, match="ticket") as caught:
        Ticket.from_json(plain(**{damage: "x" * 10_000}))
    assert len(str(caught.value)) < 200
