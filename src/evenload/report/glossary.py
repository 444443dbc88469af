"""Words of the report, one meaning each."""

from typing import Final

GLOSSARY: Final = (
    ("base load", "all load of the homes but the cars"),
    ("behaviour", "which departure and energy the strategies are told: the actual ones, or those drivers declared"),
    ("carbon", "emissions of the energy charged, with the carbon signal of the study"),
    ("criterion", "the share of transformers that may be over their rating where the feeder still hosts its cars"),
    ("EV peak per car", "mean of the daily peaks of all EV load together, divided by the number of cars"),
    ("hindsight", "the optimum with every arrival and true departure known beforehand; a yardstick, not a choice"),
    ("hosting capacity", "highest penetration studied that meets the criterion at it and at every lower one"),
    ("loading", "load divided by the limit; above 100 % the circuit is above its rating"),
    ("night", "noon to noon on the local clock"),
    ("over its rating", "load above the rating for the criterion's minutes or more without a break on some night"),
    ("P50, P90", "the penetration that 50 % or 90 % of the seeds support"),
    ("penetration", "cars per home"),
    ("rating, limit", "what a transformer or feeder may carry, kW"),
    ("seed", "one random draw of which homes have cars and when they plug in"),
    ("session", "from plug-in to plug-out"),
    ("snapback", "rise of EV load per car from the hour before the timer hour to the hour after it"),
    ("strategy", "the rule that decides when and how fast each car charges"),
    ("system peak", "highest load of the whole period, base load and all cars"),
    ("unserved", "energy a car needed and left without; each kWh has a reason"),
    ("value of information", "what optimised costs more, and leaves more unserved, than hindsight"),
)
