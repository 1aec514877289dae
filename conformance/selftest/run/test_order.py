"""The order of tests: side by side first, or as the seed draws it; and what no mark means."""

from drawplate.conformance.selftest.run.stand_in import StandIn

SOURCE = "".join(
    f"{mark}\n@covers('PRE-01')\ndef test_{name}(bench):\n    pass\n\n"
    for name, mark in [
        ("silent", ""),
        ("node", "@alone('node')"),
        ("one", "@alone(devices=1)"),
        ("all", "@alone(devices='all')"),
        ("two", "@alone(devices=2)"),
        ("driver", "@alone('driver')"),
    ]
)


def order(stand_in: StandIn, *, seed: int = 1, shuffle: bool = False) -> list[str]:
    stand_in.seed, stand_in.shuffle = seed, shuffle
    found = stand_in.run(SOURCE)
    return [outcome.test.rpartition("_")[2] for outcome in found.outcomes]


def test_tests_that_share_come_first(stand_in: StandIn) -> None:
    assert order(stand_in) == ["one", "two", "silent", "node", "all", "driver"]


def test_seed_draws_the_order(stand_in: StandIn) -> None:
    drawn = [order(stand_in, seed=seed, shuffle=True) for seed in (1, 1, 2, 3)]

    assert drawn[0] == drawn[1]
    assert len({tuple(one) for one in drawn}) > 1
    assert all(sorted(one) == sorted(drawn[0]) for one in drawn)
