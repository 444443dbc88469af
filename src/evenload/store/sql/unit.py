"""A unit of work in SQL."""

from dataclasses import dataclass

from sqlalchemy import Connection

from evenload.store.sql.access import SqlAudit, SqlReplies, SqlUsers, SqlWebhooks
from evenload.store.sql.cable import SqlCables
from evenload.store.sql.cars import SqlCars
from evenload.store.sql.database import Database
from evenload.store.sql.drivers import SqlDriverLinks, SqlDrivers, SqlPromises, SqlWishes
from evenload.store.sql.live import SqlCircuits, SqlDevices, SqlSites, SqlVehicles
from evenload.store.sql.openadr3 import SqlOpenAdrObjects
from evenload.store.sql.orders import SqlEvents, SqlOrders
from evenload.store.sql.people import SqlConsents, SqlMessages, SqlSurveys
from evenload.store.sql.plans import SqlDecisions, SqlPlans
from evenload.store.sql.readings import Meter, SqlReadings
from evenload.store.sql.series import SqlLimits, SqlLoads, SqlSignals
from evenload.store.sql.sessions import SqlSessions
from evenload.store.sql.slots import SqlSlots
from evenload.store.sql.stations import SqlStations, SqlTokens
from evenload.store.sql.transactions import SqlTransactions


@dataclass(frozen=True, slots=True)
class SqlUnit:
    """A unit of work; its ports are made when they are asked for. ``meters`` outlives it: see ``SqlReadings``."""

    connection: Connection
    database: Database
    meters: dict[Meter, int]

    @property
    def readings(self) -> SqlReadings:
        """Readings."""
        return SqlReadings(self.connection, self.database, self.meters)

    @property
    def stations(self) -> SqlStations:
        """Stations and their connectors."""
        return SqlStations(self.connection)

    @property
    def tokens(self) -> SqlTokens:
        """Tokens."""
        return SqlTokens(self.connection)

    @property
    def transactions(self) -> SqlTransactions:
        """Transactions."""
        return SqlTransactions(self.connection)

    @property
    def slots(self) -> SqlSlots:
        """Means of quarter hours."""
        return SqlSlots(self.connection)

    @property
    def events(self) -> SqlEvents:
        """The log of events."""
        return SqlEvents(self.connection)

    @property
    def orders(self) -> SqlOrders:
        """Commands on their way."""
        return SqlOrders(self.connection)

    @property
    def circuits(self) -> SqlCircuits:
        """The grid."""
        return SqlCircuits(self.connection)

    @property
    def sites(self) -> SqlSites:
        """Sites."""
        return SqlSites(self.connection)

    @property
    def devices(self) -> SqlDevices:
        """Devices."""
        return SqlDevices(self.connection)

    @property
    def vehicles(self) -> SqlVehicles:
        """Vehicles."""
        return SqlVehicles(self.connection)

    @property
    def sessions(self) -> SqlSessions:
        """Sessions."""
        return SqlSessions(self.connection)

    @property
    def limits(self) -> SqlLimits:
        """Limits at circuits for a time."""
        return SqlLimits(self.connection)

    @property
    def signals(self) -> SqlSignals:
        """Prices and carbon."""
        return SqlSignals(self.connection)

    @property
    def loads(self) -> SqlLoads:
        """Loads metered at circuits."""
        return SqlLoads(self.connection)

    @property
    def plans(self) -> SqlPlans:
        """Plans."""
        return SqlPlans(self.connection)

    @property
    def decisions(self) -> SqlDecisions:
        """Decisions, with why."""
        return SqlDecisions(self.connection)

    @property
    def users(self) -> SqlUsers:
        """Users and keys to the API."""
        return SqlUsers(self.connection)

    @property
    def audit(self) -> SqlAudit:
        """The audit log."""
        return SqlAudit(self.connection)

    @property
    def webhooks(self) -> SqlWebhooks:
        """Whom to tell."""
        return SqlWebhooks(self.connection)

    @property
    def replies(self) -> SqlReplies:
        """Answers to repeated requests."""
        return SqlReplies(self.connection)

    @property
    def drivers(self) -> SqlDrivers:
        """Drivers."""
        return SqlDrivers(self.connection)

    @property
    def wishes(self) -> SqlWishes:
        """What drivers wish for and choose."""
        return SqlWishes(self.connection)

    @property
    def driver_links(self) -> SqlDriverLinks:
        """Links of drivers."""
        return SqlDriverLinks(self.connection)

    @property
    def promises(self) -> SqlPromises:
        """What drivers were told that their cars will have."""
        return SqlPromises(self.connection)

    @property
    def cars(self) -> SqlCars:
        """Linked cars."""
        return SqlCars(self.connection)

    @property
    def cables(self) -> SqlCables:
        """Which car stands at which charger."""
        return SqlCables(self.connection)

    @property
    def consents(self) -> SqlConsents:
        """Consents."""
        return SqlConsents(self.connection)

    @property
    def messages(self) -> SqlMessages:
        """Messages."""
        return SqlMessages(self.connection)

    @property
    def surveys(self) -> SqlSurveys:
        """Surveys."""
        return SqlSurveys(self.connection)

    @property
    def openadr3(self) -> SqlOpenAdrObjects:
        """Objects of OpenADR 3."""
        return SqlOpenAdrObjects(self.connection)
