"""People: who a pseudonym is, what they agreed to, what is kept of them, and to be forgotten."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from evenload.service import consents
from evenload.service.people import keep, rights
from evenload.service.people.ports import PeopleStore
from evenload.service.people.rows import CONTACT, PersonRow, Way
from evenload.service.people_rows import Channel, ConsentRow, Purpose
from evenload.web.fields import Instant, Name, NameInPath, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.options import Services
from evenload.web.pages import Cutting, Page
from evenload.web.problem import ProblemError
from evenload.web.tenant_route import ONCE, DriverRoute, Expected, NewId, set_tag, tenant_router

router = tenant_router("people", "people")
consents_router = tenant_router("people", "people", DriverRoute)

WithContacts = Annotated[
    bool, Query(description="Show names and addresses too. Role: admin; the audit log notes it.")
]  # fmt: skip


class PersonBody(
    Resource,
    json_schema_extra=example(name="Ann", email="ann@example.org", phone="+4712345678", timezone="Europe/Oslo"),
):
    """Somebody as they are put. Who they are is kept encrypted."""

    name: Text = Field("", examples=["Ann"])
    email: Text = Field("", examples=["ann@example.org"])
    phone: Text = Field("", description="In international form.", examples=["+4712345678"])
    push: list[Text] = Field(default=[], max_length=5, description="Addresses of the push service that is set up.")
    account: Text = Field("", description="Number at the utility.")
    language: Text = Field("en", examples=["en", "de-AT"])
    timezone: Text = Field("UTC", examples=["Europe/Oslo"])
    quiet: Text = Field("21:00-08:00", description="Local hours without messages; empty for none.")


class Person(Resource):
    """Somebody by their pseudonym; ``contact`` is null unless it was asked for."""

    person_id: Name
    ways: list[Way] = Field(description="What messages can go by.")
    language: str
    timezone: str
    quiet: str
    made_at: Instant | None = None
    contact: dict[str, str | list[str]] | None = None

    @classmethod
    def of(cls, row: PersonRow, *, contacts: bool = False) -> "Person":
        """As it is answered."""
        told = {name: getattr(row, name) for name in CONTACT}
        contact = {name: list(one) if isinstance(one, tuple) else one for name, one in told.items()}
        return cls(
            person_id=row.person_id, ways=list(row.ways), language=row.language, timezone=row.timezone, quiet=row.quiet,
            made_at=row.made_at, contact=contact if contacts else None,
        )  # fmt: skip


class ConsentBody(Resource, json_schema_extra=example(purpose="messages", text_version="2026-03", channel="web")):
    """A consent as it is given."""

    purpose: Purpose
    text_version: str = Field(min_length=1, max_length=100, description="Which text was agreed to: the evidence.")
    channel: Channel = Field(Channel.WEB, description="How it was given.")
    granted_at: Instant | None = Field(None, description="Null for now.")
    expires_at: Instant | None = Field(None, description="Null for as long as it is not taken back.")


class Consent(ConsentBody, json_schema_extra={}):
    """A consent; also those that ended."""

    consent_id: str
    person_id: str
    granted_at: Instant
    revoked_at: Instant | None
    made_by: str
    holds: bool = Field(description="Whether it holds now.")


class Erasure(Resource):
    """What erasing somebody did."""

    person_id: str
    had_identity: bool = Field(description="False where nothing was kept of who they are.")
    unlinked: list[str] = Field(description="Vehicles that were unlinked from their makers' clouds.")
    forgotten: list[str] = Field(description="Parts that what says who they are was taken out of.")


@router.get("")
def list_people(scope: Asking, services: With, cut: Cutting, contacts: WithContacts = False) -> Page[Person]:
    """People, by pseudonym. Role: operator; with contacts admin."""
    rows = keep.people(scope, _store(services), cut.after, cut.count + 1)
    if contacts:
        keep.contacts(scope, services.store, rows[: cut.count], services.clock())
    return cut.page(rows, lambda one: one.person_id, lambda one: Person.of(one, contacts=contacts))


@router.get("/{person_id}")
def get_person(
    scope: Asking, services: With, person_id: NameInPath, response: Response, contacts: WithContacts = False
) -> Person:
    """One person. Role: operator; with contacts admin."""
    row = keep.person(scope, _store(services), person_id)
    if contacts:
        keep.contacts(scope, services.store, [row], services.clock())
        response.headers["Cache-Control"] = "no-store"
    set_tag(response, row)
    return Person.of(row, contacts=contacts)


@router.put("/{person_id}")
def put_person(
    scope: Asking, services: With, person_id: NameInPath, body: PersonBody, expected: Expected, response: Response
) -> Person:
    """Add or replace somebody. Role: operator."""
    wanted = PersonRow(scope.tenant, person_id, **body.model_dump() | {"push": tuple(body.push)})
    row = keep.put_person(scope, services.store, _store(services), wanted, services.clock(), expected=expected)
    set_tag(response, row)
    return Person.of(row)


@router.delete("/{person_id}")
def erase_person(scope: Asking, services: With, person_id: NameInPath) -> Erasure:
    """Forget who somebody is, for good; what they charged stays, by pseudonym. Role: admin."""
    done = rights.erase(scope, services.store, _store(services), person_id, services.clock())
    return Erasure.model_validate(asdict(done))


@router.get("/{person_id}/export")
def export_person(scope: Asking, services: With, person_id: NameInPath, response: Response) -> dict[str, Any]:
    """Everything that is kept of somebody, for them. Role: admin."""
    response.headers["Cache-Control"] = "no-store"
    return rights.export(scope, services.store, _store(services), person_id, services.clock())


@consents_router.get("/{person_id}/consents")
def list_consents(scope: Asking, services: With, person_id: NameInPath) -> list[Consent]:
    """What somebody agreed to, with what ended. Role: the driver, or driver agent."""
    rows = consents.consents_of(scope, services.store, person_id)
    return [_consent(row, services) for row in rows]


@consents_router.post("/{person_id}/consents", status_code=201, dependencies=[ONCE])
def add_consent(
    scope: Asking, services: With, person_id: NameInPath, body: ConsentBody, consent_id: NewId
) -> Consent:  # fmt: skip
    """Keep that somebody agreed. Role: the driver, or driver agent."""
    now = services.clock()
    row = ConsentRow(
        scope.tenant, consent_id, person_id, body.purpose, body.granted_at or now, body.text_version, body.channel,
        body.expires_at,
    )  # fmt: skip
    return _consent(consents.grant(scope, services.store, row, now), services)


@consents_router.delete("/{person_id}/consents/{purpose}")
def revoke_consent(scope: Asking, services: With, person_id: NameInPath, purpose: Purpose) -> list[Consent]:
    """Take back what was agreed to, at once. Role: the driver, or driver agent."""
    rows = consents.revoke(scope, services.store, person_id, purpose, services.clock())
    return [_consent(row, services) for row in rows]


def _consent(row: ConsentRow, services: Services) -> Consent:
    told = {name: value for name, value in asdict(row).items() if name != "tenant"}
    return Consent.model_validate(told | {"holds": row.holds(services.clock())})


def _store(services: Services) -> PeopleStore:
    if services.people is None:
        raise ProblemError(503, "this server keeps nobody's name or address", "no_people")
    return services.people
