"""Whether the server lives, and whether it can work."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from evenload.service.ports import StoreError
from evenload.web.fields import Resource
from evenload.web.identity import services_of

router = APIRouter(tags=["health"])


class Health(Resource):
    """How it goes."""

    faults: list[str] = Field(description="What hinders it; empty where nothing does.")
    notes: list[str] = Field(default_factory=list, description="What is unusual about how it runs, such as a dry run.")


@router.get("/healthz")
async def healthz() -> Health:
    """Whether the process lives."""
    return Health(faults=[])


@router.get("/readyz", responses={503: {"model": Health, "description": "It cannot work now."}})
def readyz(request: Request, response: Response) -> Health:
    """Whether it can work: the store answers, and what runs beside it does."""
    services = services_of(request)
    faults = list(services.faults())
    try:
        with services.store.reading() as unit:
            unit.replies.find("", "")
    except StoreError:
        faults.append("the store does not answer")
    if faults:
        response.status_code = 503
    return Health(faults=faults, notes=list(services.notes))
