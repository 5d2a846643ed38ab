"""When a service is left alone, and when it is asked again."""

from gateway.circuit_breaker import CircuitBreaker
from gateway.upstream.upstream import RetryBudget

from .clock import Clock


def failing(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_half_of_twenty_failing_opens_it_for_five_seconds() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    for _ in range(9):
        breaker.failed()
        breaker.succeeded()
    assert breaker.lets_through()
    breaker.failed()
    assert not breaker.lets_through()
    clock.now = 4.9
    assert not breaker.lets_through()
    clock.now = 5.0
    assert breaker.lets_through()


def test_fewer_than_half_never_open_it() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(100):
        breaker.failed()
        breaker.succeeded()
        breaker.succeeded()
    assert breaker.lets_through()


def test_failures_of_long_ago_do_not_count() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 9)
    clock.now = 10.1
    failing(breaker, 9)
    assert breaker.lets_through()


def test_after_the_pause_one_goes_through_and_its_success_ends_the_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 10)
    clock.now = 6.0
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert breaker.lets_through()
    breaker.failed()
    assert breaker.lets_through(), "the failures of before are forgotten"


def test_after_the_pause_a_failure_renews_it() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 10)
    clock.now = 6.0
    assert breaker.lets_through()
    breaker.failed()
    clock.now = 10.9
    assert not breaker.lets_through()
    clock.now = 11.1
    assert breaker.lets_through()


def test_a_trial_that_never_ends_does_not_keep_it_shut_for_ever() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 10)
    clock.now = 6.0
    assert breaker.lets_through()
    clock.now = 12.0
    assert breaker.lets_through()


def test_one_in_ten_requests_may_be_repeated() -> None:
    budget = RetryBudget()
    repeats = 0
    for _ in range(1000):
        budget.deposit()
        repeats += budget.withdraw()
    assert 95 <= repeats <= 101


def test_what_was_saved_up_has_its_bound() -> None:
    budget = RetryBudget()
    for _ in range(100_000):
        budget.deposit()
    assert sum(budget.withdraw() for _ in range(100)) == 10
