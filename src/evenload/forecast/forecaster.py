"""Forecasts of all nodes: which method each one gets, in chunks that fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from evenload.base.errors import LoadError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, as_utc, to_datetime64
from evenload.base.units import HOURS_PER_DAY, MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.forecast.class_profile import MEMBERS_LEAST, ClassForecast, ClassProfile, from_members, from_profile
from evenload.forecast.conditions import Calendar, Weather
from evenload.forecast.forecast import Basis, Forecast
from evenload.forecast.history import LoadHistory, NodeFacts
from evenload.forecast.origins import Origins, Window
from evenload.forecast.quantile import smoothed, weighted_quantiles
from evenload.forecast.recent import TIMELY, mean_known, weather_ahead
from evenload.forecast.recipe import LOAD, PV, QUANTILES, WEEK_DAYS, Recipe
from evenload.forecast.samples import Samples, Usual, moved_days, rows_needed, usual
from evenload.forecast.sun import by_irradiance
