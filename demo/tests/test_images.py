"""The demo's pictures: each can be drawn in every shape and kind of file, is accepted, and comes out the same again."""

from io import BytesIO
from random import Random

import pytest
from PIL import Image

from demo import image_files
from demo.image_files import KINDS, SHAPES, SUBJECTS, Drawing
from demo.images.portraits import HAIRS, SKINS, STYLES, Look
from shared.images import renditions

SMALL = (240, 160)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_drawing_in_every_kind_of_file_is_accepted(subject: str, kind: str) -> None:
    image, alt = SUBJECTS[subject](SMALL, Random(7))
    file = image_files.written(image, "drawing", kind, alt)
    picture = renditions.render(file.data)
    assert (picture.display.width, picture.display.height) == SMALL
    assert 0 < len(file.alt) <= 1000


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawing_has_the_size_of_its_shape_and_is_not_one_flat_colour(shape: str) -> None:
    image = Image.open(BytesIO(image_files.drawn(Drawing("quilt", shape, "jpg", seed=3)).data))
    assert image.size == SHAPES[shape]
    assert len(image.resize((16, 16)).getcolors() or ()) > 30


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_same_seed_gives_the_same_drawing_and_another_gives_another(subject: str) -> None:
    first, again, other = (SUBJECTS[subject](SMALL, Random(seed))[0].tobytes() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("style", STYLES)
def test_every_look_can_be_drawn_as_an_avatar(style: str) -> None:
    for place in range(len(SKINS)):
        look = Look(style, skin=place, hair=place % len(HAIRS), glasses=place % 2 == 0)
        picture = renditions.render(image_files.avatar(look, seed=place).data)
        assert picture.display.width == picture.display.height == 512
