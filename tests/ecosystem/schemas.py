"""What pre-commit, GitHub and GitLab accept, as far as our files use it. Nothing else is allowed.

Sources: pre-commit's clientlib.py (MANIFEST_HOOK_DICT); SchemaStore's github-action.json; GitLab's CI/CD YAML reference
and its editor schema ci.json.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
FLAG = {"type": "boolean"}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


HOOK = closed(
    {
        "id": TEXT,
        "name": TEXT,
        "entry": TEXT,
        "description": TEXT,
        "files": {"type": "string", "format": "regex"},
        "language": {"enum": ["python", "system", "script", "node", "golang", "rust", "docker", "docker_image"]},
        "types": TEXTS,
        "types_or": TEXTS,
        "exclude_types": TEXTS,
        "args": TEXTS,
        "pass_filenames": FLAG,
        "require_serial": FLAG,
        "always_run": FLAG,
        "verbose": FLAG,
        "minimum_pre_commit_version": TEXT,
        "stages": TEXTS,
        "additional_dependencies": TEXTS,
    },
    "id",
    "name",
    "entry",
    "language",
)
HOOKS = {"type": "array", "items": HOOK, "minItems": 1}

STEP = {
    "oneOf": [
        closed(
            {
                "name": TEXT,
                "id": TEXT,
                "if": TEXT,
                "uses": {"type": "string", "pattern": r"^[\w.-]+/[\w./-]+@[\w.]+$"},
                "with": {"type": "object"},
                "env": {"type": "object"},
            },
            "uses",
        ),
        closed(
            {
                "name": TEXT,
                "id": TEXT,
                "if": TEXT,
                "run": TEXT,
                "shell": TEXT,
                "env": {"type": "object"},
                "working-directory": TEXT,
            },
            "run",
            "shell",
        ),
    ]
}
INPUT = closed({"description": TEXT, "required": FLAG, "default": TEXT, "deprecationMessage": TEXT}, "description")
ACTION = closed(
    {
        "name": TEXT,
        "description": TEXT,
        "author": TEXT,
        "branding": closed(
            {
                "icon": TEXT,
                "color": {
                    "enum": ["white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"]
                },
            }
        ),
        "inputs": {"type": "object", "additionalProperties": INPUT},
        "outputs": {
            "type": "object",
            "additionalProperties": closed({"description": TEXT, "value": TEXT}, "description", "value"),
        },
        "runs": closed(
            {"using": {"const": "composite"}, "steps": {"type": "array", "items": STEP, "minItems": 1}},
            "using",
            "steps",
        ),
    },
    "name",
    "description",
    "runs",
)

WHEN = {"enum": ["on_success", "on_failure", "always", "never", "manual"]}
JOB = closed(
    {
        "extends": TEXT,
        "image": TEXT,
        "stage": TEXT,
        "when": WHEN,
        "before_script": TEXTS,
        "script": TEXTS,
        "variables": {"type": "object", "additionalProperties": TEXT},
        "parallel": {"type": "integer", "minimum": 1, "maximum": 200},
        "cache": closed(
            {"key": TEXT, "paths": TEXTS, "when": {"enum": ["on_success", "on_failure", "always"]}}, "paths"
        ),
        "artifacts": closed(
            {
                "when": {"enum": ["on_success", "on_failure", "always"]},
                "paths": TEXTS,
                "reports": closed({"junit": TEXT, "codequality": TEXT}),
            }
        ),
        "allow_failure": closed({"exit_codes": {"type": "integer"}}),
    }
)
GITLAB = {"type": "object", "additionalProperties": JOB, "minProperties": 1}
