"""The long fuzz run: ``python -m tests.faults.fuzz`` (a million inputs, some minutes).

Most go through the pure half, from a reply to a result or an error; the rest are written as bytes
to real sockets. Hypothesis draws them; each of its examples is a seed for several inputs.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.faces import EVERY_KIND, CallName, Face
from tests.support.servers import Answer, RawServer

from ._fuzzing import (
    bodies,
    check_call,
    check_reply,
    headers,
    random_reply,
    random_wire,
    statuses,
    wires,
)

_CALLS: list[CallName] = ["code", "refresh", "token", "introspect", "revoke"]
# Inputs from one seed.
_EACH = 20
# Hypothesis remembers every example of a run: a run of this size stays small.
_BATCH = 2000
# The part that Hypothesis draws value by value, so that a failure can be shrunk.
_SHRINKABLE = 0.02


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def _batches(inputs: int, number: int, run: Callable[[int, random.Random], int]) -> int:
    rng = random.Random(number)
    done = 0
    while done < inputs:
        done += run(inputs - done, rng)
    return done


def fuzz_replies(inputs: int, number: int) -> int:
    """Put this many replies through the pure half; returns how many it were."""

    def run(wanted: int, rng: random.Random) -> int:
        done = 0

        @seed(rng.getrandbits(64))
        @_settings(max(1, min(_BATCH, int(wanted / _EACH * (1 - _SHRINKABLE)))))
        @given(st.randoms(use_true_random=True))
        def from_seeds(drawn: random.Random) -> None:
            nonlocal done
            for _ in range(_EACH):
                done += 1
                check_reply(drawn.randrange(2), drawn.choice(_CALLS), *random_reply(drawn))

        @seed(rng.getrandbits(64))
        @_settings(max(1, int(min(_BATCH * _EACH, wanted) * _SHRINKABLE)))
        @given(st.integers(0, 1), st.sampled_from(_CALLS), statuses, headers, bodies)
        def drawn(
            index: int, name: CallName, status: int, pairs: list[tuple[str, str]], body: bytes
        ) -> None:
            nonlocal done
            done += 1
            check_reply(index, name, status, pairs, body)

        from_seeds()
        drawn()
        return done

    return _batches(inputs, number, run)


def fuzz_sockets(inputs: int, number: int) -> int:
    """Write this many answers to sockets, for every face in turn; returns how many it were."""
    answer = Answer(b"", close=True)
    with RawServer(answer) as server, ExitStack() as stack:
        callers = [
            stack.enter_context(Face(kind, server.url, timeout=30, retry=None))
            for kind in EVERY_KIND
        ]

        def one(name: CallName, wire: bytes, index: int) -> None:
            server.requests.clear()
            answer.wire = wire
            # A limit that one answer tells of would hold back the next call.
            callers[index].runtime.limits.forget()
            check_call(lambda: callers[index].call(name), name)

        def run(wanted: int, rng: random.Random) -> int:
            done = 0

            @seed(rng.getrandbits(64))
            @_settings(max(1, min(_BATCH, int(wanted / _EACH * (1 - _SHRINKABLE)))))
            @given(st.randoms(use_true_random=True))
            def from_seeds(drawn: random.Random) -> None:
                nonlocal done
                for _ in range(_EACH):
                    done += 1
                    one(drawn.choice(_CALLS), random_wire(drawn), drawn.randrange(len(callers)))

            @seed(rng.getrandbits(64))
            @_settings(max(1, int(min(_BATCH * _EACH, wanted) * _SHRINKABLE)))
            @given(st.sampled_from(_CALLS), wires(), st.integers(0, len(callers) - 1))
            def drawn(name: CallName, wire: bytes, index: int) -> None:
                nonlocal done
                done += 1
                one(name, wire, index)

            from_seeds()
            drawn()
            return done

        return _batches(inputs, number, run)


def main() -> None:
    """Run, and print what was run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all (default: a million)")
    parser.add_argument("--sockets", type=int, default=40_000, help="of these, over sockets")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    number = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    print(f"seed {number}, {options.jobs} processes")
    began = time.monotonic()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as processes:
        replies = [
            processes.submit(fuzz_replies, share, number + index)
            for index, share in enumerate(
                _shares(options.inputs - options.sockets, 4 * options.jobs)
            )
        ]
        sockets = [
            processes.submit(fuzz_sockets, share, number - index - 1)
            for index, share in enumerate(_shares(options.sockets, options.jobs))
        ]
        counts = [sum(part.result() for part in parts) for parts in (replies, sockets)]
    seconds = time.monotonic() - began
    print(
        f"{sum(counts):,} inputs, nothing found: {counts[0]:,} replies, "
        f"{counts[1]:,} answers over sockets; {seconds:.0f} s, "
        f"{sum(counts) / seconds:,.0f} a second"
    )


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]


if __name__ == "__main__":
    main()
