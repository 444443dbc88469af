"""Nodes without history: the class's shape, as large as what is known, and said so."""

import numpy as np
import pytest

from evenload.base.errors import LoadError
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.forecast.class_profile import ClassProfile
from evenload.forecast.conditions import Calendar
from evenload.forecast.forecast import Basis, Forecast
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory, NodeFacts
from tests.unit.forecast.conftest import Bench
