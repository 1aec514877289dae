"""Pictures of machines: everything is in them, and nothing is drawn over something else."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from rich.console import Console

from drawplate.emulators.machine.picture.scene import Scene, scene_of
from drawplate.emulators.machine.picture.svg import svg_of
from drawplate.emulators.machine.picture.terminal import tree_of
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load, shipped

SVG = "{http://www.w3.org/2000/svg}"
# The widest common sans-serif font needs less than this per character of 12 pixels.
WIDEST = 7.2

Edges = tuple[float, float, float, float]


def scene(name: str) -> Scene:
    return scene_of(place(load(name), "node-a"))


@pytest.mark.parametrize("name", shipped())
def test_the_tree_shows_every_device_with_its_place_and_link(name: str) -> None:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(tree_of(scene(name)))
    text = capture.get()

    for device in place(load(name), "node-a").devices:
        if device.parent is None:
            pattern = (
                rf"{device.name}  .*{device.address}, PCIe \d x{device.profile.pci.link_width}"
            )
            assert re.search(pattern, text), text
        assert device.pcie_root in text


def test_the_tree_has_the_order_of_the_hardware() -> None:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(tree_of(scene("dgx-h100")))

    assert capture.get().splitlines()[1:6] == [
        "├── NUMA 0, processors 0-55,112-167",
        "│   ├── pci0000:17",
        "│   │   └── switch 0000:18:00.0, 1000:c030",
        "│   │       ├── gpu0  NVIDIA H100 80GB HBM3  0000:1b:00.0, PCIe 5 x16",
        "│   │       └── gpu1  NVIDIA H100 80GB HBM3  0000:1c:00.0, PCIe 5 x16",
    ]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("dgx-h100", "NVLink: gpu0 to gpu7, each with each"),
        ("tpu-v5e-8", "ICI: tpu0 to tpu7 in a slice of 2x4"),
    ],
)
def test_the_fabric_is_named(name: str, title: str) -> None:
    assert [link.title for link in scene(name).links] == [title]


def test_chips_lie_as_on_the_host() -> None:
    assert scene("tpu-v5e-8").links[0].grid == (
        ("tpu0", "tpu1", "tpu2", "tpu3"),
        ("tpu4", "tpu5", "tpu6", "tpu7"),
    )


@pytest.mark.parametrize("name", shipped())
def test_no_boxes_of_the_picture_cross(name: str) -> None:
    boxes = _boxes(_drawn(scene(name)))

    assert len(boxes) >= len([one for one in place(load(name), "n").devices if not one.parent])
    for one, other in combinations(boxes, 2):
        assert _apart(one, other) or _inside(one, other) or _inside(other, one)


@pytest.mark.parametrize("name", shipped())
def test_texts_of_the_picture_lie_in_their_box_below_each_other(name: str) -> None:
    root = _drawn(scene(name))
    for group in root.iter(f"{SVG}g"):
        rects = _boxes(group)
        if len(rects) != 1:
            continue
        left, top, right, bottom = rects[0]
        lines = [float(text.get("y", 0)) for text in group.iter(f"{SVG}text")]
        assert all(later - earlier >= 15 for earlier, later in pairwise(lines))
        for text in group.iter(f"{SVG}text"):
            x, y = float(text.get("x", 0)), float(text.get("y", 0))
            assert left < x
            assert x + WIDEST * len(text.text or "") <= right
            assert top + 10 < y < bottom


@pytest.mark.parametrize("name", shipped())
def test_the_picture_holds_all_that_is_drawn(name: str) -> None:
    root = _drawn(scene(name))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))

    for left, top, right, bottom in _boxes(root):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_the_picture_follows_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in svg_of(scene("edge-l4"))


def test_texts_are_escaped() -> None:
    odd = Scene("<a & b>", "<script>", (), ())

    assert _drawn(odd).findtext(f"{SVG}title") == "<a & b>"


def _drawn(drawn: Scene) -> ET.Element:
    # Of our own making.
    return ET.fromstring(svg_of(drawn))  # noqa: S314


def _boxes(root: ET.Element) -> list[Edges]:
    found = []
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") != "paper":
            x, y, width, height = (float(rect.get(k, 0)) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def _apart(one: Edges, other: Edges) -> bool:
    return one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def _inside(one: Edges, other: Edges) -> bool:
    return one[0] > other[0] and one[1] > other[1] and one[2] < other[2] and one[3] < other[3]
