"""Publishers' own layouts, read row by row: accepted, flagged, repaired or refused with a reason.

One module a source: ``norway``, ``asensio``, ``boulder``, ``chargeplace`` take raw records and give an
``ImportOutcome``; ``shared_sessions``, ``signals``, ``households`` and ``opendss`` read prepared files.
"""
