from bench.pace import pace, told


def test_a_slow_moment_is_told_against_the_best() -> None:
    assert told([0.002, 0.004, 0.006]) == (
        "3 times: 2.00 ms at best, 4.00 median, 6.00 at worst; on average 2.00 times the best"
    )


def test_the_loop_is_timed_until_the_end() -> None:
    found = list(pace(0.1))
    assert found
    assert min(found) > 0
