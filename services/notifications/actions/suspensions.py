"""What is hidden while an account is suspended, and shown again when it is reinstated."""

from shared.replication.recounting import RecountPlan, RecountTarget

from . import causes
from .people import RECOUNTS

SUSPENSION = RecountPlan(RECOUNTS, [RecountTarget(causes.switch_some_by, 100)])
