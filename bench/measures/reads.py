"""How two reads are compared: ours through the gateway, with many and few users, and the baseline."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import process_time

import jwt

from bench.costs import HEAD, Cost, cost, in_turn, middles, row
from bench.environment import Environment
from bench.gateways import no_gateway
from bench.load.constant_rate import Stream, stream
from bench.load.requests import Request
from bench.report import Report
from bench.systems import System
from shared.security.access_tokens import ALGORITHM
from shared.testing.tokens import FakeTokenIssuer

FEW = 10
CHECKS = 500
FASTER = 10
"""The multiple of requests to the baseline server: the kernel counts in hundredths of a second."""
OURS, WARM, ALONE, BASELINE = (
    "ours, everyone",
    f"ours, the same {FEW}",
    "baseline without gateway",
    "baseline with its gateway",
)
BARE = "bare uvicorn answer"
Asked = Callable[[System, dict[int, str], Sequence[int]], list[Request]]
"""The requests of these readers, who have these tokens."""


def compared(environment: Environment, asked: Asked) -> dict[str, list[Cost]]:
    """CPU of each side over interleaved rounds; every token has been used before."""
    options = environment.options
    tokens = environment.tokens(environment.dataset.people)
    everyone, few = environment.dataset.people, environment.dataset.people[:FEW]
    ours, baseline = asked(environment.ours, tokens, everyone), asked(environment.baseline, tokens, everyone)
    with no_gateway(environment.folder) as bare:
        sides = {
            OURS: partial(cost, environment.ours, ours, options.answers),
            WARM: partial(cost, environment.ours, asked(environment.ours, tokens, few), options.answers),
            ALONE: partial(cost, environment.baseline, baseline, options.answers, through_gateway=False),
            BASELINE: partial(cost, environment.baseline, baseline, options.answers),
            BARE: partial(cost, bare, [Request("GET", "/", tokens[few[0]])], FASTER * options.answers),
        }
        in_turn(sides, 1)
        return in_turn(sides, options.rounds)


def token_check() -> float:
    """CPU microseconds of PyJWT for one token, which each process of the baseline spends on each request."""
    token_issuer = FakeTokenIssuer()
    token, key = token_issuer.token(1), token_issuer.key.public_key()
    began = process_time()
    for _ in range(CHECKS):
        jwt.decode(token, key, algorithms=[ALGORITHM], issuer="shutter", audience="shutter")
    return (process_time() - began) / CHECKS * 1e6


def tell(report: Report, title: str, costs: Mapping[str, Sequence[Cost]]) -> None:
    """Print the table and the chart."""
    report.table(title, HEAD, [row(name, each) for name, each in costs.items()])
    report.say(f"Checking a token costs each of the baseline's processes {token_check():.0f} us of these.")
    name = f"{report.name}-{title.partition(' ')[0]}"
    report.picture(name, f"CPU of a request: {title}", middles(costs), "us")


def latencies(environment: Environment, report: Report, asked: Asked, rate: float) -> None:
    """Of both systems through their gateways, at one rate."""
    options = environment.options
    tokens = environment.tokens(environment.dataset.people)
    rows = []
    for system in environment.systems:
        requests = asked(system, tokens, environment.dataset.people)
        number = int(rate * options.seconds)
        sent = (requests * (number // len(requests) + 1))[:number]
        rows.append(stream_row(system.name, stream(system.port(), sent, rate)))
    report.table(f"At {rate:,.0f} requests a second, open loop", STREAM_HEAD, rows)


STREAM_HEAD = ("", "answers/s", "p50 ms", "p90 ms", "p99 ms", "slowest ms", "generator's core")


def stream_row(name: str, found: Stream) -> tuple[str, ...]:
    """Under `STREAM_HEAD`."""
    times = (f"{each:.1f}" for each in (found.p50, found.p90, found.p99, found.slowest))
    return (name, f"{found.rate:,.0f}", *times, f"{found.generator:.0%}")
