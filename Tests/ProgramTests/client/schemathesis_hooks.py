"""What the OpenAPI document cannot say: which of the requests that it allows are refused all the same, and why."""

import schemathesis
from schemathesis import GenerationMode

# Which projects there are, for whom, with which tokens and scopes, is not the document's.
REASONS = ["no grant for", "has several grants", "min_ttl is at most", "ask for no scope"]


@schemathesis.check
def valid_data_is_refused_for_a_reason(ctx, response, case):
    if case.meta and case.meta.generation.mode == GenerationMode.POSITIVE and response.status_code == 400:
        description = response.json()["error_description"]
        assert any(reason in description for reason in REASONS), f"a valid request is refused: {description}"
