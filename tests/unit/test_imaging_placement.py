"""Where a picture goes: plain arithmetic, for wild measures."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fanfare.imaging import Options
from fanfare.imaging.options import BOX, LONGEST, MOST
from fanfare.imaging.placement import DRAFTS, Placement, busiest, moved, place

SIDES = st.integers(1, 40) | st.integers(1, 40_000)
GIVEN = st.integers(1, 40) | st.integers(1, 5000)
FITS = st.sampled_from(["inside", "cover", "contain"])
ALL = st.builds(Options, width=st.none() | GIVEN, height=st.none() | GIVEN, fit=FITS)
FRACTIONS = st.floats(0, 1)


def assert_sound(placement: Placement, width: int, height: int) -> None:
    left, top, right, bottom = placement.box
    assert 0 <= left < right <= width + 1e-6
    assert 0 <= top < bottom <= height + 1e-6
    assert min(placement.size) >= 1
    assert placement.canvas[0] >= placement.size[0]
    assert placement.canvas[1] >= placement.size[1]


@given(SIDES, SIDES, ALL, st.booleans())
@example(31, 3, Options(15, 1, "cover"), False)
def test_whatever_is_asked_for_the_cut_lies_within_the_picture_and_the_answer_within_the_box(
    width: int, height: int, options: Options, turned: bool
) -> None:
    placement = place(width, height, options, turned=turned)
    assert_sound(placement, width, height)
    box = options.box()[::-1] if turned else options.box()
    assert placement.canvas[0] <= box[0]
    assert placement.canvas[1] <= box[1]
    assert placement.shrinking > 1 - 1e-9, "enlarged"


@given(SIDES, SIDES, st.builds(Options, width=st.none() | GIVEN, height=st.none() | GIVEN))
def test_inside_keeps_the_aspect_ratio_but_for_rounding_and_is_as_large_as_may_be(
    width: int, height: int, options: Options
) -> None:
    placement = place(width, height, options)
    assert placement.box == (0, 0, width, height)
    assert placement.canvas == placement.size
    scale = max(width / options.box()[0], height / options.box()[1], 1)
    for length, side in zip((width, height), placement.size, strict=True):
        assert side == 1 or abs(side - length / scale) <= 0.5 + 1e-6
    assert placement.size[0] in {width, options.box()[0]} or placement.size[1] in {height, options.box()[1]}


@given(SIDES, SIDES, st.builds(Options, width=GIVEN, height=GIVEN, fit=st.just("cover")))
def test_cover_fills_the_box_where_the_picture_is_large_enough_and_cuts_one_side_alone(
    width: int, height: int, options: Options
) -> None:
    placement = place(width, height, options)
    left, top, right, bottom = placement.box
    box_width, box_height = options.box()
    if width >= box_width and height >= box_height:
        assert placement.size == (box_width, box_height)
    assert right - left == pytest.approx(width) or bottom - top == pytest.approx(height)
    assert left == pytest.approx(width - right, abs=1e-6)
    assert top == pytest.approx(height - bottom, abs=1e-6)
    across, down = (right - left) / placement.size[0], (bottom - top) / placement.size[1]
    assert across == pytest.approx(down), "distorted"


@given(SIDES, SIDES, st.builds(Options, width=GIVEN, height=GIVEN))
def test_contain_is_inside_on_a_canvas_of_the_whole_box(width: int, height: int, options: Options) -> None:
    inside = place(width, height, options)
    contained = place(width, height, Options(width=options.width, height=options.height, fit="contain"))
    assert contained == Placement(inside.box, inside.size, options.box())


@given(SIDES, GIVEN, FITS)
def test_with_one_side_free_all_fits_are_inside(length: int, side: int, fit: str) -> None:
    expected = place(length, 1000, Options(width=side))
    assert place(length, 1000, Options(width=side, fit=fit)) == expected  # type: ignore[arg-type]


@given(SIDES, SIDES, ALL)
def test_a_turned_picture_is_placed_as_its_upright_one(width: int, height: int, options: Options) -> None:
    upright, stored = place(width, height, options), place(height, width, options, turned=True)
    left, top, right, bottom = upright.box
    assert stored == Placement((top, left, bottom, right), upright.size[::-1], upright.canvas[::-1])


@given(SIDES, SIDES, st.builds(Options, width=GIVEN, height=GIVEN, fit=st.just("cover")), FRACTIONS, FRACTIONS)
def test_a_cut_moves_as_near_to_its_focal_point_as_the_edges_let_it(
    width: int, height: int, options: Options, x: float, y: float
) -> None:
    placement = place(width, height, options)
    there = moved(placement, width, height, x, y)
    assert_sound(there, width, height)
    assert (there.size, there.canvas) == (placement.size, placement.canvas)
    left, top, right, bottom = placement.box
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    nearest_x = min(max(x * width, half_width), width - half_width)
    nearest_y = min(max(y * height, half_height), height - half_height)
    assert (there.box[0] + there.box[2]) / 2 == pytest.approx(nearest_x, abs=1e-6)
    assert (there.box[1] + there.box[3]) / 2 == pytest.approx(nearest_y, abs=1e-6)
    assert there.box[2] - there.box[0] == pytest.approx(right - left)
    assert there.box[3] - there.box[1] == pytest.approx(bottom - top)


@given(GIVEN)
def test_a_side_left_free_is_bounded_by_what_encoders_bear(side: int) -> None:
    for box in (Options(width=side).box(), Options(height=side).box()):
        assert box[0] * box[1] <= MOST
        assert max(box) <= LONGEST
        assert side in box


def test_where_nothing_is_asked_for_the_box_is_the_documented_one() -> None:
    assert Options().box() == (BOX, BOX) == (1024, 1024)
    assert place(4000, 3000, Options()).size == (1024, 768)


@given(SIDES, SIDES, ALL)
def test_a_draft_is_the_smallest_that_leaves_the_resize_enough_to_do(width: int, height: int, options: Options) -> None:
    placement = place(width, height, options)
    eighths = placement.draft()
    left = {each: placement.shrinking * each / 8 for each in DRAFTS}
    assert eighths == min((each for each in DRAFTS if left[each] >= DRAFTS[each]), default=8)


def test_a_draft_never_leaves_less_than_a_third_to_the_resize() -> None:
    assert min(DRAFTS.values()) >= 1.3
    assert place(1024, 768, Options()).draft() == 8
    assert place(4096, 3072, Options(width=128)).draft() == 1


WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=256)


@given(WEIGHTS, st.floats(1e-3, 1))
def test_the_busiest_window_holds_nearly_as_much_as_any_other(weights: list[float], share: float) -> None:
    length = min(len(weights), max(1, round(share * len(weights))))
    middle = busiest(weights, share)
    start = round(middle * len(weights) - length / 2)
    windows = [sum(weights[each : each + length]) for each in range(len(weights) - length + 1)]
    assert 0 <= start < len(windows)
    assert windows[start] >= 0.98 * max(windows)


@pytest.mark.parametrize("size", [1, 2, 10, 255, 256])
@pytest.mark.parametrize("level", [0.0, 7.0])
def test_where_nothing_stands_out_the_busiest_window_is_the_middle(size: int, level: float) -> None:
    assert busiest([level] * size, 0.5) == pytest.approx(0.5, abs=0.51 / size)


@pytest.mark.parametrize("at", [0, 40, 70, 99])
def test_what_stands_out_comes_to_stand_in_the_middle_of_its_window(at: int) -> None:
    weights = [0.0] * 100
    weights[at] = 1.0
    assert busiest(weights, 0.2) == pytest.approx(min(max(at / 100, 0.1), 0.9), abs=0.011)
