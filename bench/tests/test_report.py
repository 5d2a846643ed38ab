"""The stored report of a measurement is readable text with charts."""

from pathlib import Path
from xml.etree import ElementTree

from bench.charts import bars, figure
from bench.costs import Ratio
from bench.report import Report, markdown


def test_table_columns_are_aligned() -> None:
    lines = markdown(("", "us"), [("ours", "1,200"), ("other", "9")]).splitlines()
    assert lines == ["|       |    us |", "| ----- | ----: |", "| ours  | 1,200 |", "| other |     9 |"]


def test_ratio_is_the_median_over_rounds_with_range() -> None:
    assert Ratio.of([1, 2, 6], [4, 4, 4]) == Ratio(0.5, 0.25, 1.5)


def test_bar_length_is_proportional_to_the_value() -> None:
    drawn = bars("Costs & more", {"ours": 1.0, "baseline": 4.0}, "us")
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - drawn a line above
    widths = [float(each.attrib["width"]) for each in picture.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert widths[1] == 4 * widths[0]


def test_figures_are_rounded() -> None:
    assert [figure(each) for each in (0.12345, 33.91, 17_176.4)] == ["0.123", "33.9", "17,176"]


def test_saved_report_contains_machine_goals_and_chart(tmp_path: Path) -> None:
    report = Report("feed")
    report.goal("cost", "at most 0.25", "0.3", held=False)
    report.picture("feed-10", "CPU", {"ours": 1.0}, "us")
    text = report.keep(tmp_path).read_text()
    assert "cores" in text and "- MISSED: cost: 0.3 (goal: at most 0.25)" in text
    (picture,) = tmp_path.glob("*-feed-10.svg")
    assert f"]({picture.name})" in text
