"""cfn-lint, whose import takes seconds: only whoever lints pays for it."""

import json
from typing import Any


def lint(template: dict[str, Any], *regions: str) -> list[str]:
    """Return what it finds in a template after the transform."""
    from cfnlint.api import lint as matches

    return [str(match) for match in matches(json.dumps(template), regions=list(regions))]
