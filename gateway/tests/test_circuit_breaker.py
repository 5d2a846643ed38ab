"""The circuit breaker: when a service gets no requests, and when it gets them again."""

from gateway.circuit_breaker import CircuitBreaker
from gateway.upstream.upstream import RetryBudget

from .clock import Clock


def failing(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_breaker_opens_for_five_seconds_when_half_of_twenty_requests_fail() -> None:
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


def test_breaker_stays_closed_below_half_failures() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(100):
        breaker.failed()
        breaker.succeeded()
        breaker.succeeded()
    assert breaker.lets_through()


def test_old_failures_are_not_counted() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 9)
    clock.now = 10.1
    failing(breaker, 9)
    assert breaker.lets_through()


def test_successful_trial_request_closes_the_breaker() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 10)
    clock.now = 6.0
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert breaker.lets_through()
    breaker.failed()
    assert breaker.lets_through(), "the failures of before are forgotten"


def test_failed_trial_request_reopens_the_breaker() -> None:
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


def test_unfinished_trial_request_does_not_keep_the_breaker_open() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    failing(breaker, 10)
    clock.now = 6.0
    assert breaker.lets_through()
    clock.now = 12.0
    assert breaker.lets_through()


def test_one_in_ten_requests_may_be_retried() -> None:
    budget = RetryBudget()
    repeats = 0
    for _ in range(1000):
        budget.deposit()
        repeats += budget.withdraw()
    assert 95 <= repeats <= 101


def test_saved_retry_budget_is_bounded() -> None:
    budget = RetryBudget()
    for _ in range(100_000):
        budget.deposit()
    assert sum(budget.withdraw() for _ in range(100)) == 10
