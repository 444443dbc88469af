"""Requests made of the OpenAPI description: nothing breaks the server, and every answer is one that is described."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from evenload.service.access_rows import Role

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, negative_data_rejection,
]  # fmt: skip
TAKES_NOTHING = {
    "POST /v1/logout", "GET /v1/oidc/login", "GET /v1/oidc/callback", "GET /healthz", "GET /readyz", "GET /v1/me",
}  # fmt: skip
EXAMPLES = 12


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_every_answer_is_described(bench_on_disk: Any, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", bench_on_disk.app())
    key = bench_on_disk.key("north", Role.ADMIN)
    operations = [found.ok() for found in schema.exclude(path="/v1/stream").get_all_operations()]
    assert len(operations) > 50
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and operation.label in TAKES_NOTHING:
            continue
        exchange(operation, mode, {"Authorization": f"Bearer {key}"})


def exchange(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def asked(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    asked()
