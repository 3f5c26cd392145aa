"""What is wrong with polygons is put right, told, or refused; the same way each time."""

import time

import numpy as np
import pytest
import shapely

from detente.boundaries import BoundaryRefused, Fault, Repaired, Ring, repaired


def ring(*places: tuple[float, float]) -> Ring:
    return np.array(places, dtype=np.float64)


SQUARE = ring((0, 0), (2, 0), (2, 2), (0, 2), (0, 0))


def faults(result: Repaired) -> list[Fault]:
    return [each.fault for each in result.repairs]


def test_a_valid_polygon_passes_untouched() -> None:
    hole = ring((0.5, 0.5), (0.5, 1), (1, 1), (1, 0.5), (0.5, 0.5))
    result = repaired("A", [[SQUARE, hole]])
    assert result.repairs == ()
    (polygon,) = result.polygons
    assert np.array_equal(polygon[0], SQUARE)
    assert np.array_equal(polygon[1], hole)


def test_an_open_ring_is_closed_and_repeated_vertices_go_without_a_word() -> None:
    result = repaired("A", [[ring((0, 0), (0, 0), (2, 0), (2, 2), (2, 2), (0, 2))]])
    assert result.repairs == ()
    assert np.array_equal(result.polygons[0][0], SQUARE)


def test_outer_rings_are_turned_counter_clockwise_and_holes_clockwise() -> None:
    hole = ring((0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1), (0.5, 0.5))
    ((outer, inner),) = repaired("A", [[SQUARE[::-1], hole]]).polygons
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(inner).is_ccw


def test_a_small_loop_is_taken_apart_and_told_with_its_place() -> None:
    # The last edge but one overshoots and comes back across the first.
    tangled = ring((0, 0), (2, 0), (2, 2), (0.001, 2), (0.001, -0.001), (0, 0.001), (0, 0))
    result = repaired("A", [[tangled]])
    (repair,) = result.repairs
    assert repair.fault is Fault.SELF_CROSSING
    assert (repair.boundary, repair.vertices) == ("A", len(tangled))
    assert abs(repair.lng_deg) < 0.01
    assert abs(repair.lat_deg) < 0.01
    assert repair.before_m2 == pytest.approx(repair.after_m2, rel=1e-3)
    assert all(shapely.is_valid(shapely.Polygon(outer, holes)) for outer, *holes in result.polygons)


def test_a_bow_tie_is_refused_by_name_because_nobody_knows_what_was_meant() -> None:
    with pytest.raises(BoundaryRefused, match=r"not clear what was meant") as caught:
        repaired("own/Bow", [[ring((0, 0), (2, 2), (2, 0), (0, 2), (0, 0))]])
    assert caught.value.where == "own/Bow"
    assert "self-crossing" in caught.value.message


def test_whoever_allows_a_greater_change_gets_the_bow_tie_by_even_odd() -> None:
    bow = ring((0, 0), (2, 2), (2, 0), (0, 2), (0, 0))
    result = repaired("A", [[bow]], max_change_share=1.0)
    shape = shapely.MultiPolygon([shapely.Polygon(outer) for (outer,) in result.polygons])
    assert shape.is_valid
    assert shape.area == pytest.approx(2.0)


def test_a_ring_over_the_date_line_is_cut_there() -> None:
    jumping = ring((179, -1), (-179, -1), (-179, 1), (179, 1), (179, -1))
    result = repaired("A", [[jumping]])
    assert faults(result) == [Fault.DATE_LINE]
    bounds = sorted(shapely.Polygon(outer).bounds for (outer,) in result.polygons)
    assert bounds == [(-180, -1, -179, 1), (179, -1, 180, 1)]


@pytest.mark.parametrize("turn", [-360.0, 0.0])
def test_longitudes_may_run_on_beyond_180(turn: float) -> None:
    box = ring((179, -1), (181, -1), (181, 1), (179, 1), (179, -1))
    running = box + np.array([turn, 0.0])
    result = repaired("A", [[running]])
    bounds = sorted(shapely.Polygon(outer).bounds for (outer,) in result.polygons)
    assert bounds == [(-180, -1, -179, 1), (179, -1, 180, 1)]


def test_vertices_on_both_sides_of_the_date_line_are_one_place() -> None:
    hopping = ring(
        (178, 0), (180, 0), (-180, 0), (-178, 0), (-178, 2), (-180, 2), (180, 2), (178, 2), (178, 0)
    )  # fmt: skip
    result = repaired("FJ", [[hopping]])
    bounds = sorted(shapely.Polygon(outer).bounds for (outer,) in result.polygons)
    assert bounds == [(-180, 0, -178, 2), (178, 0, 180, 2)]


def test_a_hole_over_the_date_line_is_cut_with_its_ring() -> None:
    outer = ring((178, 0), (-178, 0), (-178, 2), (178, 2), (178, 0))
    hole = ring((179, 0.5), (-179, 0.5), (-179, 1), (179, 1), (179, 0.5))
    result = repaired("FJ", [[outer, hole]])
    shape = shapely.MultiPolygon([shapely.Polygon(p[0], p[1:]) for p in result.polygons])
    assert shape.is_valid
    assert shape.area == pytest.approx(4 * 2 - 2 * 0.5)
    assert not shape.contains(shapely.Point(-179.5, 0.75))
    assert shape.contains(shapely.Point(-178.5, 0.75))


def test_a_box_around_the_whole_earth_is_one() -> None:
    world = ring((-180, -90), (180, -90), (180, 90), (-180, 90), (-180, -90))
    result = repaired("A", [[world]])
    assert result.repairs == ()
    assert shapely.Polygon(result.polygons[0][0]).area == 360 * 180


def test_a_cut_keeps_the_digits_of_vertices() -> None:
    jumping = ring((179.12345, -1), (-179.98765, -1), (-179.98765, 1), (179.12345, 1))
    west, east = sorted(
        (polygon[0] for polygon in repaired("A", [[jumping]]).polygons), key=lambda each: each[0, 0]
    )
    assert np.abs(west[:, 0].max() - -179.98765) < 1e-12
    assert east[:, 0].min() == 179.12345


def test_a_box_around_the_pole_as_rfc_7946_has_it_passes_untouched() -> None:
    antarctica = ring((180, -60), (-180, -60), (-180, -90), (180, -90), (180, -60))
    result = repaired("AQ", [[antarctica]])
    assert result.repairs == ()
    assert shapely.Polygon(result.polygons[0][0]).area == 360 * 30


def test_a_ring_that_goes_around_the_earth_holds_the_pole_of_its_hemisphere() -> None:
    around = ring(*((float(lng), -70.0) for lng in (-135, -45, 45, 135, -135)))
    result = repaired("AQ", [[around]])
    shape = shapely.MultiPolygon([shapely.Polygon(outer) for (outer,) in result.polygons])
    assert shape.area == pytest.approx(360 * 20)
    assert shape.contains(shapely.Point(10, -89))


def test_a_ring_around_the_earth_in_both_hemispheres_is_refused() -> None:
    around = ring((-135, -10), (-45, 10), (45, -10), (135, 10), (-135, -10))
    with pytest.raises(BoundaryRefused, match="which pole"):
        repaired("A", [[around]])


def test_parts_that_overlap_a_little_become_one() -> None:
    other = SQUARE + np.array([1.99, 0.0])
    result = repaired("A", [[SQUARE], [other]])
    assert faults(result) == [Fault.OVERLAP]
    assert len(result.polygons) == 1


def test_parts_that_share_an_edge_become_one_without_a_line_between_them() -> None:
    result = repaired("A", [[SQUARE], [SQUARE + np.array([2.0, 0.0])]])
    assert len(result.polygons) == 1
    assert shapely.Polygon(result.polygons[0][0]).area == 8


def test_a_part_within_another_part_is_refused_by_name() -> None:
    with pytest.raises(BoundaryRefused) as caught:
        repaired("A", [[SQUARE], [SQUARE * 0.5 + 0.5]])
    assert caught.value.where == "A"


def test_a_hole_that_lies_outside_is_left_out_and_told() -> None:
    outside = ring((5, 5), (5, 5.01), (5.01, 5.01), (5.01, 5), (5, 5))
    result = repaired("A", [[SQUARE, outside]])
    assert faults(result) == [Fault.HOLES]
    assert len(result.polygons[0]) == 1


def test_a_ring_without_an_inside_is_left_out_and_told() -> None:
    result = repaired("A", [[SQUARE], [ring((5, 5), (6, 6), (5, 5))]])
    assert faults(result) == [Fault.DEGENERATE]
    assert len(result.polygons) == 1


def test_nothing_left_is_refused() -> None:
    with pytest.raises(BoundaryRefused, match="no area"):
        repaired("A", [[ring((5, 5), (6, 6), (5, 5))]])


@pytest.mark.parametrize("bad", [(np.nan, 0.0), (0.0, 90.5), (np.inf, 0.0), (700.0, 0.0)])
def test_a_vertex_that_is_not_on_earth_is_refused_by_name(bad: tuple[float, float]) -> None:
    with pytest.raises(BoundaryRefused, match="not on Earth") as caught:
        repaired("own/X", [[ring((0, 0), (2, 0), bad, (0, 0))]])
    assert caught.value.where == "own/X"


def test_a_ring_tangled_beyond_measure_is_refused_before_any_work() -> None:
    rng = np.random.default_rng(7)
    begun = time.process_time()
    with pytest.raises(BoundaryRefused, match="too often"):
        repaired("A", [[rng.uniform(0, 10, (20_000, 2))]])
    assert time.process_time() - begun < 5.0
