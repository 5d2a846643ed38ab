"""How an image was taken, in responses: `camera_info`, which a file has and its uploader asked to keep."""

from typing import Annotated

from fastapi import Form
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.images.limits import (
    MAX_CAMERA_TEXT_LENGTH,
    MAX_EXPOSURE_SECONDS,
    MAX_F_NUMBER,
    MAX_FOCAL_LENGTH_MM,
    MAX_ISO,
)


def _true_or_false(value: object) -> object:
    """As in JSON: a form has texts alone, of which pydantic also takes `1`, `yes` and `on` for true."""
    if isinstance(value, str) and value.lower() not in ("true", "false"):
        raise PydanticCustomError("bool_parsing", "Should be true or false")
    return value


KeepCameraInfo = Annotated[
    bool,
    BeforeValidator(_true_or_false),
    Form(
        description="Whether to keep and publish as `camera_info` how the photo was taken: camera, lens, exposure and"
        " time, but not its position, serial numbers and names"
    ),
]
"""A field of a form with an upload."""

CameraText = Annotated[str, Field(min_length=1, max_length=MAX_CAMERA_TEXT_LENGTH)]


class CameraInfo(BaseModel):
    """Without position, serial numbers and names. Each is `null` if the file does not say it, or not credibly."""

    make: Annotated[CameraText, Field(examples=["Canon"])] | None
    model: Annotated[CameraText, Field(examples=["Canon EOS R5"])] | None
    lens: Annotated[CameraText, Field(examples=["RF50mm F1.2 L USM"])] | None
    exposure_seconds: Annotated[float, Field(gt=0, le=MAX_EXPOSURE_SECONDS, examples=[0.004])] | None
    f_number: Annotated[float, Field(gt=0, le=MAX_F_NUMBER, examples=[2.8])] | None
    iso: Annotated[int, Field(ge=1, le=MAX_ISO, examples=[400])] | None
    focal_length_mm: Annotated[float, Field(gt=0, le=MAX_FOCAL_LENGTH_MM, examples=[50.0])] | None
    local_time: (
        Annotated[
            str,
            Field(
                pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$",
                description="By the clock of the camera. Without a time zone, which would tell of the place",
                examples=["2026-05-01T14:03:22"],
            ),
        ]
        | None
    )
