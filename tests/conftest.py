"""Settings of every test: property tests are judged by what they find, never by the clock."""

from hypothesis import settings

settings.register_profile("evenload", deadline=None, derandomize=True)
settings.load_profile("evenload")
