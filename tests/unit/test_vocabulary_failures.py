"""Words whose model is slow, wrong, rude or away: each ends explained, or as its own error; times are virtual."""

import asyncio

import pytest

from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from support.words import BUDGET, Desk, Entry, FakeModel, entry, run, said, well, words

DOWN = UpstreamError("model", "status 500")
WRONG_KEY = UpstreamRejected("model", "status 401")


def test_a_word_left_out_is_asked_again_in_a_small_call() -> None:
    async def scenario() -> None:
        model = FakeModel(lambda asked: said([entry(e["number"], e["word"]) for e in asked if len(asked) < 4]))
        model.errors = [None]
        answer = await Desk(model).enrich(words(8))
        assert [len(call) for call in model.calls] == [8, 3, 3, 2]
        assert (answer.enriched, answer.failed) == (8, 0)

    run(scenario)


@pytest.mark.parametrize(
    ("garble", "detail"),
    [
        (None, "model: it left this word out"),
        ({"pos": "gerund"}, "model: its entry for this word was garbled"),
        ({"translation": "  "}, "model: its entry for this word was garbled"),
        ({"example": None}, "model: its entry for this word was garbled"),
        ({"lemma": ["a"]}, "model: its entry for this word was garbled"),
        ({"number": 99}, "model: it left this word out"),
    ],
)
def test_a_word_that_fails_twice_says_so_and_keeps_what_rules_know(garble: Entry | None, detail: str) -> None:
    def say(asked: list[Entry]) -> str:
        good = [entry(e["number"], e["word"]) for e in asked if e["word"] != "das Boot"]
        bad = [entry(e["number"], e["word"]) | garble for e in asked if e["word"] == "das Boot"] if garble else []
        return said([*bad, *good])

    async def scenario() -> None:
        model = FakeModel(say)
        desk = Desk(model)
        answer = await desk.enrich(["Haus", "das Boot", "Baum"])
        assert model.calls == [["Haus", "das Boot", "Baum"], ["das Boot"]]
        boat = answer.results[1]
        assert boat.error is not None
        assert (boat.error.title, boat.error.detail) == ("Upstream answer unusable", detail)
        assert (boat.source, boat.lemma, boat.gender, boat.translation) == ("rules", "Boot", "neuter", None)
        assert (boat.ipa, boat.ipa_source) == ("e das Boot", "espeak")
        assert (answer.enriched, answer.failed) == (2, 1)
        assert answer.meta.reasons == ["1 of 3 words are explained by rules only"]
        assert answer.meta.warnings == [f"1 of 3 words: {detail}"]
        assert answer.meta.sources == {"words": "model, rules"}
        await desk.enrich(["das Boot"])
        assert len(model.calls) == 4, "a failure was remembered"

    run(scenario)


def test_an_answer_cut_short_loses_only_what_was_cut() -> None:
    async def scenario() -> None:
        model = FakeModel(lambda asked: well(asked)[:-40] if len(asked) > 3 else well(asked))
        answer = await Desk(model).enrich(words(10))
        assert model.calls == [words(10), ["Wort9"]]
        assert answer.enriched == 10

    run(scenario)


def test_garbage_is_asked_again_in_threes_and_then_given_up() -> None:
    async def scenario() -> None:
        model = FakeModel(lambda _: "I am sorry, {Dave}.")
        answer = await Desk(model).enrich(words(10))
        assert [len(call) for call in model.calls] == [10, 3, 3, 3, 1]
        assert answer.failed == 10

    run(scenario)


@pytest.mark.parametrize(
    ("error", "calls"), [(UpstreamError("espeak", "down"), 2), (UpstreamRejected("espeak", "not its language"), 1)]
)
def test_without_espeak_words_lack_pronunciations_for_as_long_as_it_is_away(error: Exception, calls: int) -> None:
    async def scenario() -> None:
        model = FakeModel(lambda asked: said([entry(e["number"], e["word"], ipa=None) for e in asked]))
        desk = Desk(model)
        desk.ipa.error = error
        answer = await desk.enrich(["Haus"])
        assert (answer.results[0].ipa, answer.results[0].error) == (None, None)
        assert answer.meta.warnings == [f"no pronunciations by eSpeak: {error}"]
        await desk.enrich(["Haus"])
        assert len(model.calls) == calls

    run(scenario)


def test_a_failed_call_is_made_again_in_smaller_ones() -> None:
    async def scenario() -> None:
        model = FakeModel(seconds=1)
        model.errors = [None, DOWN, UpstreamTimeout("model", "no whole answer in time")]
        answer = await Desk(model).enrich(words(30))
        assert [len(call) for call in model.calls] == [10, 10, 10, 3, 3, 3, 1 + 2, 3, 3, 2]
        assert answer.enriched == 30

    run(scenario)


@pytest.mark.parametrize("error", [DOWN, WRONG_KEY])
def test_a_model_that_only_fails_is_not_asked_on_and_on(error: Exception) -> None:
    async def scenario() -> None:
        model = FakeModel(seconds=1, error=error)
        answer = await Desk(model).enrich(words(100))
        assert len(model.calls) <= 6
        assert answer.failed == 100
        assert {each.error.detail for each in answer.results if each.error} == {str(error)}
        assert answer.meta.warnings == [f"100 of 100 words: {error}"]

    run(scenario)


def test_a_model_that_answers_now_and_then_is_asked_on() -> None:
    async def scenario() -> None:
        model = FakeModel(seconds=1)
        model.errors = [None, *[DOWN] * 5]
        answer = await Desk(model).enrich(words(60))
        assert answer.enriched == 60

    run(scenario)


def test_a_rate_limit_is_waited_out_by_all_calls() -> None:
    async def scenario() -> None:
        model = FakeModel(seconds=1)
        model.errors = [UpstreamRateLimited("model", "too many requests", retry_after=5)] * 3
        answer = await Desk(model).enrich(words(50))
        assert answer.enriched == 50
        assert [len(call) for call in model.calls] == [10] * 8
        assert all(begin - model.began[0] >= 6 for begin in model.began[3:])

    run(scenario)


def test_a_rate_limit_longer_than_the_deadline_is_not_waited_for() -> None:
    async def scenario() -> None:
        model = FakeModel(seconds=1)
        model.errors = [UpstreamRateLimited("model", "too many requests", retry_after=60)] * 3
        desk = Desk(model)
        answer = await desk.enrich(words(50))
        assert len(model.calls) == 3
        assert {each.error.title for each in answer.results if each.error} == {"Upstream rate limit reached"}
        assert answer.failed == 50
        assert desk.seconds < 2

    run(scenario)


@pytest.mark.parametrize("hangs", ["model", "voice", "ipa", "all"])
def test_what_hangs_is_given_up_before_the_deadline(hangs: str) -> None:
    async def scenario() -> None:
        model = FakeModel(lambda asked: said([entry(e["number"], e["word"], ipa=None) for e in asked]))
        desk = Desk(model)
        if hangs in {"model", "all"}:
            model.seconds = 1e6
        if hangs in {"voice", "all"}:
            desk.voice.seconds = 1e6
        if hangs in {"ipa", "all"}:
            desk.ipa.seconds = 1e6
        answer = await desk.enrich(words(20), generate_audio=True)
        assert desk.seconds < BUDGET - 0.1
        assert answer.failed == (20 if hangs in {"model", "all"} else 0)
        assert {each.error.title for each in answer.results if each.error} <= {"Deadline exceeded"}
        if hangs == "model":
            assert [each.ipa for each in answer.results] == [f"e {word}" for word in words(20)]
        silent = {each.audio_error.title if each.audio_error else None for each in answer.results}
        assert silent == ({"Deadline exceeded"} if hangs in {"voice", "all"} else {None})
        assert model.under_way == 0

    run(scenario)


def test_what_was_answered_in_time_stays_when_the_rest_is_late() -> None:
    async def scenario() -> None:
        model = FakeModel(seconds=10)
        answer = await Desk(model).enrich(words(100))
        assert [each.error is None for each in answer.results] == [True] * 60 + [False] * 40

    run(scenario)


def test_what_was_spoken_in_time_stays_when_the_rest_is_late() -> None:
    async def scenario() -> None:
        desk = Desk(FakeModel())
        desk.voice.seconds, desk.voice.mute = 1e6, {"Wort1"}
        answer = await desk.enrich(words(3), generate_audio=True)
        assert [each.audio_url for each in answer.results] == ["https://audio/Wort0", None, "https://audio/Wort2"]

    run(scenario)


def test_voices_that_all_fail_cost_no_word() -> None:
    async def scenario() -> None:
        desk = Desk(FakeModel())
        desk.voice.error = UpstreamError("espeak", "down")
        answer = await desk.enrich(words(2), generate_audio=True)
        assert answer.enriched == 2
        assert all(each.audio_error for each in answer.results)
        silent = await desk.enrich(words(2))
        assert not any(each.audio_error or each.audio_url for each in silent.results)

    run(scenario)


def test_a_cancelled_request_stops_its_calls_and_harms_no_other() -> None:
    async def scenario() -> None:
        model = FakeModel()
        desk = Desk(model)
        first = asyncio.create_task(desk.enrich(words(12)))
        await asyncio.sleep(1)
        second = asyncio.create_task(desk.enrich(words(2)))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.wait({first})
        await asyncio.sleep(0)
        assert model.under_way <= 1
        assert (await second).enriched == 2
        assert not desk.store.flights

    run(scenario)
