"""Requests made of the Alliance's openadr3.yaml: nothing breaks the VTN, and answers are those it describes."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from evenload.openadr.v3.vtn import BASE_PATH
from evenload.store.sql.store import opened

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    negative_data_rejection,
]  # fmt: skip
EXAMPLES = 8
YAML = resources.files("evenload.files") / "data" / "openadr3" / "openadr3-3.1.0.yaml"


def description() -> dict[str, Any]:
    """The YAML, with what in it cannot be met put right.

    A ven is said to be both object metadata (objectType VEN) and a request (objectType BL_VEN_REQUEST), so that no
    answer fits; the same for a resource. POST /vens lists no 409, which the Definition asks for; notifiers no 401;
    a token no 429, which slows guessing down.
    """
    told: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(YAML.read_text()), default=str))
    schemas = told["components"]["schemas"]
    for name, request in (("ven", "BlVenRequest"), ("resource", "BlResourceRequest")):
        own = {key: value for key, value in schemas[request].items() if key != "required"}
        own["properties"] = {key: value for key, value in own["properties"].items() if key != "objectType"}
        own["required"] = [one for one in schemas[request]["required"] if one != "objectType"]
        schemas[name] = {"allOf": [schemas[name]["allOf"][0], own]}
    told["paths"]["/vens"]["post"]["responses"]["409"] = {"$ref": "#/components/responses/conflict"}
    told["paths"]["/auth/token"]["post"]["responses"]["429"] = {"$ref": "#/components/responses/unauthorized"}
    told["paths"]["/notifiers"]["get"]["responses"]["401"] = {"$ref": "#/components/responses/unauthorized"}
    return told


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_every_answer_is_one_of_the_alliances(tmp_path: Path, door_at: Any, mode: GenerationMode) -> None:
    with opened(tmp_path / "vtn.db") as store:
        door = door_at(store, "ven1")
        bl, ven = (door.token(name).json()["access_token"] for name in ("bl", "ven1"))
        program = door.ask("POST", "/programs", {"programName": "first"}, bl).json()["id"]
        event = door.ask("POST", "/events", {"programID": program}, bl).json()["id"]
        assert event
        schema = schemathesis.openapi.from_dict(description())
        schema.config.update(base_url=f"http://vtn.example{BASE_PATH}")
        schema.app = door.app()
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) == 45
        for operation in operations:
            token = ven if operation.label.startswith("POST /reports") else bl
            exchange(operation, mode, token)


def exchange(operation: Any, mode: GenerationMode, token: str) -> None:
    nothing = not (operation.body or operation.query or operation.path_parameters)
    if nothing and mode is GenerationMode.NEGATIVE:
        return
    checks = [one for one in CHECKS if mode is GenerationMode.NEGATIVE or one is not negative_data_rejection]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def asked(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

    asked()
