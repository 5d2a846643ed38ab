"""What is left out of counts while an account is suspended, and counted again when it is reinstated."""

from shared.replication.recounting import RecountPlan, RecountTarget

from . import follows
from .people import RECOUNTS

SUSPENSION = RecountPlan(
    RECOUNTS, [RecountTarget(follows.switch_outward, 500), RecountTarget(follows.switch_inward, 500)]
)
