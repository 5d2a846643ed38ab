"""The demo's images: each can be drawn in every shape and format, is accepted, and is deterministic."""

from io import BytesIO
from random import Random

import pytest
from PIL import Image

from demo import image_files
from demo.image_files import FORMATS, SHAPES, SUBJECTS, Drawing
from demo.images.portraits import HAIRS, SKINS, STYLES, Look
from shared.images import renditions

SMALL = (240, 160)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_image_is_accepted_in_every_format(subject: str, suffix: str) -> None:
    image, alt = SUBJECTS[subject](SMALL, Random(7))
    file = image_files.encode(image, "drawing", suffix, alt)
    picture = renditions.render(file.data)
    assert (picture.display.variant.width, picture.display.variant.height) == SMALL
    assert 0 < len(file.alt) <= 1000


@pytest.mark.parametrize("shape", SHAPES)
def test_image_has_the_size_of_its_shape_and_many_colours(shape: str) -> None:
    image = Image.open(BytesIO(image_files.image_file(Drawing("waves", shape, "jpg", seed=3)).data))
    assert image.size == SHAPES[shape]
    assert len(image.resize((16, 16)).getcolors() or ()) > 30


@pytest.mark.parametrize("subject", SUBJECTS)
def test_seed_determines_the_image(subject: str) -> None:
    first, again, other = (SUBJECTS[subject](SMALL, Random(seed))[0].tobytes() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("style", STYLES)
def test_every_avatar_style_can_be_drawn(style: str) -> None:
    for place in range(len(SKINS)):
        look = Look(style, skin=place, hair=place % len(HAIRS), glasses=place % 2 == 0)
        picture = renditions.render(image_files.avatar(look, seed=place).data)
        assert picture.display.variant.width == picture.display.variant.height == 512
