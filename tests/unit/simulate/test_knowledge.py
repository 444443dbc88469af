"""What strategies of a study know from the past: counted where the study says, refused where it cannot be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.domain.history import History
from evenload.files.history import write_history
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.strategies.optimised import Optimised
from evenload.simulate.inputs import load_inputs
from evenload.simulate.study_file import Study, StudyFileError, study_of
from evenload.simulate.world import Unit, draw_cars, informed

from .conftest import small_content
