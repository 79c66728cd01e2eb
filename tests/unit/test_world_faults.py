"""Faults on purpose: what is merged, matched, counted down and refused."""

from typing import Any

import pytest

from local_cloud.world.faults import ENDPOINTS, Behaviour, Faults, WrongBehaviourError


def test_changes_merge_and_a_reset_brings_the_profile_back() -> None:
    faults = Faults("published")
    faults.merge({"tmdb.discover": {"status": 503}})
    faults.merge({"tmdb.discover": {"retry_after": 2}})
    behaviour = faults.begin("tmdb.discover", "/x")
    assert (behaviour.status, behaviour.retry_after, behaviour.latency_ms) == (503, 2, (300, 300))
    faults.reset()
    assert faults.begin("tmdb.discover", "/x") == Behaviour(latency_ms=(300, 300))


def test_the_instant_profile_waits_for_nothing() -> None:
    faults = Faults()
    assert {faults.base[name] for name in ENDPOINTS} == {Behaviour()}


def test_uniform_latencies_stay_between_their_bounds() -> None:
    faults = Faults("published")
    behaviour = faults.begin("tmdb.details", "/x")
    drawn = [faults.latency(behaviour) for _ in range(200)]
    assert 0.3 <= min(drawn) < 0.35
    assert 0.45 < max(drawn) <= 0.5


@pytest.mark.parametrize(
    ("members", "rate"),
    [({}, 0.0), ({"status": 429}, 1.0), ({"fail_rate": 1}, 1.0), ({"status": 500, "fail_rate": 0}, 0.0)],
)
def test_a_status_alone_always_fails(members: dict[str, Any], rate: float) -> None:
    faults = Faults()
    faults.merge({"tmdb.search": members})
    behaviour = faults.begin("tmdb.search", "/x")
    assert {faults.fails(behaviour) for _ in range(50)} == {bool(rate)}


def test_a_fail_rate_is_a_share() -> None:
    faults = Faults()
    behaviour = Behaviour(fail_rate=0.25)
    assert 150 < sum(faults.fails(behaviour) for _ in range(1000)) < 350


def test_a_rule_applies_only_where_it_matches() -> None:
    faults = Faults()
    faults.merge(
        {"tmdb.details": {"match": "/movie/603", "status": 500}, "model.chat": {"match": "grün", "hang": True}}
    )
    assert faults.begin("tmdb.details", "/3/movie/603?x=1").status == 500
    assert faults.begin("tmdb.details", "/3/movie/604?x=1").status is None
    assert faults.begin("model.chat", "/v1?", "etwas grünes".encode()).hang
    assert not faults.begin("model.chat", "/v1?", b"red").hang


def test_matches_see_escaped_queries_too() -> None:
    faults = Faults()
    faults.merge({"tmdb.search": {"match": "der Anderen", "status": 500}})
    assert faults.begin("tmdb.search", "/s?query=Das+Leben+der+Anderen").status == 500
    assert faults.begin("tmdb.search", "/s?query=Das%20Leben%20der%20Anderen").status == 500


def test_a_rule_is_over_after_its_times() -> None:
    faults = Faults()
    faults.merge({"tmdb.discover": {"times": 2, "status": 429}})
    assert [faults.begin("tmdb.discover", "/x").status for _ in range(3)] == [429, 429, None]


def test_calls_that_do_not_match_do_not_use_up_the_times() -> None:
    faults = Faults()
    faults.merge({"tmdb.details": {"times": 1, "match": "/7", "latency_ms": 90}})
    assert faults.begin("tmdb.details", "/8").latency_ms == (0, 0)
    assert faults.begin("tmdb.details", "/7").latency_ms == (90, 90)
    assert faults.begin("tmdb.details", "/7").latency_ms == (0, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"tmdb.nothing": {}},
        {"tmdb.discover": {"unknown": 1}},
        {"tmdb.discover": {"fail_rate": 2}},
        {"tmdb.discover": {"fail_rate": True}},
        {"tmdb.discover": {"latency_ms": [5, 1]}},
        {"tmdb.discover": {"latency_ms": -1}},
        {"tmdb.discover": {"status": 200}},
        {"tmdb.discover": {"hang": 1}},
        {"tmdb.discover": {"times": -1}},
        {"tmdb.discover": {"match": 7}},
        {"tmdb.discover": {"first_token_ms": 4}},
        {"tmdb.discover": {"at_once": 3}},
        {"tmdb.discover": {"hang_rate": 2}},
        {"tmdb.discover": {"leave_out": ["x"]}},
        {"tmdb.discover": 3},
    ],
)
def test_wrong_behaviours_are_refused_by_name_and_change_nothing(changes: dict[str, Any]) -> None:
    faults = Faults()
    before = dict(faults.base)
    with pytest.raises(WrongBehaviourError, match=r"tmdb\."):
        faults.merge({"model.chat": {"hang": True}} | changes)
    assert faults.base == before


@pytest.mark.parametrize(
    "changes",
    [
        {"speech.create": {"at_once": -1}},
        {"speech.create": {"at_once": 1.5}},
        {"speech.create": {"first_token_ms": 4}},
        {"model.chat": {"leave_out": ["x"]}},
        {"model.enrich": {"garble": "x"}},
        {"model.enrich": {"leave_out": [1]}},
    ],
)
def test_members_of_one_endpoint_alone_are_checked_too(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongBehaviourError, match=r"at_once|first_token_ms|leave_out|garble"):
        Faults().merge(changes)


def test_members_of_one_endpoint_alone_are_taken_on() -> None:
    faults = Faults()
    faults.merge({"speech.create": {"at_once": 5}, "model.enrich": {"leave_out": ["a"], "garble": ["b"]}})
    assert faults.begin("speech.create", "/x").at_once == 5
    assert faults.begin("model.enrich", "/x") == Behaviour(leave_out=("a",), garble=("b",))
    faults.merge({"speech.create": {"at_once": None}})
    assert faults.begin("speech.create", "/x") == Behaviour()


def test_a_share_of_calls_hangs() -> None:
    faults = Faults()
    behaviour = Behaviour(hang_rate=0.25)
    assert 150 < sum(faults.hangs(behaviour) for _ in range(1000)) < 350
    assert not faults.hangs(Behaviour())
    assert faults.hangs(Behaviour(hang=True))


def test_calls_are_counted_by_endpoint() -> None:
    faults = Faults()
    for _ in range(3):
        faults.begin("tmdb.search", "/x")
    faults.begin("model.chat", "/y")
    assert faults.calls == {"tmdb.search": 3, "model.chat": 1}
