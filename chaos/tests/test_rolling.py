"""What `make rolling` counts as a failure."""

import random

from chaos.client import Client
from chaos.conversations import DELIVERY_SECONDS, Listener, Opening
from chaos.history import ACKED, Failure, History, Person, Written
from chaos.rolling import Kill, RollingResult


def listener(*openings: Opening) -> Listener:
    """Whose socket was open at these times."""
    made = Listener(Person(id="7"), "room", Client("http://127.0.0.1:1", History(), random.Random(1)))
    made.openings = list(openings)
    return made


def message(began: float, id_: str = "1") -> Written:
    """Sent at this time, and acknowledged at once."""
    return Written("message", Person(), "room", "", outcome=ACKED, id=id_, began=began, ended=began)


def kinds(ear: Listener, *messages: Written) -> list[str]:
    return [each.kind for each in ear.differences(list(messages))]


def test_message_on_the_socket_is_not_missed() -> None:
    ear = listener(Opening(0))
    ear.received = {"1"}
    assert kinds(ear, message(10)) == []


def test_message_not_shown_on_an_open_socket_is_wrong_even_if_it_was_read_later() -> None:
    ear = listener(Opening(0, 20 + DELIVERY_SECONDS), Opening(30))
    ear.read = {"1"}
    assert kinds(ear, message(10)) == ["wrong"]


def test_message_while_the_socket_was_away_has_to_be_read() -> None:
    ear = listener(Opening(0, 10 + DELIVERY_SECONDS - 1), Opening(30))
    assert kinds(ear, message(10)) == ["lost"]
    ear.read = {"1"}
    assert kinds(ear, message(10)) == []


def test_gap_is_the_time_between_two_sockets() -> None:
    assert listener(Opening(0, 5), Opening(6.5, 9), Opening(10)).gaps == [1.5, 1]


def test_killed_replica_excuses_only_requests_that_were_in_progress() -> None:
    kill = Kill("posts", began=10, ended=10.2)
    assert kill.carried(Failure("", 9, 10.1)) and kill.carried(Failure("", 10.1, 15))
    assert not kill.carried(Failure("", 8, 9.9)) and not kill.carried(Failure("", 10.3, 15))


def test_result_holds_only_without_any_failure() -> None:
    failure = Failure("", 1, 2)
    assert RollingResult(History(), carried=[failure], gaps=[1.9], quiet_after=1).holds
    assert not RollingResult(History(), in_updates=[failure], quiet_after=1).holds
    assert not RollingResult(History(), not_carried=[failure], quiet_after=1).holds
    assert not RollingResult(History(), gaps=[2.1], quiet_after=1).holds
    assert not RollingResult(History()).holds
