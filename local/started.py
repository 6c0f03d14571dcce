"""With which settings the service of a directory was started, so that others are noticed."""

import json
from typing import Final

from local.settings import Settings

FILE: Final = "started.json"


def write(settings: Settings) -> None:
    """Note the settings of a start; `Service.remove_state` removes the note."""
    (settings.directory / FILE).write_text(json.dumps(_of(settings)) + "\n")


def differences(settings: Settings) -> list[str]:
    """Return a text for each setting that differs from those of the start; none without a note."""
    try:
        noted = json.loads((settings.directory / FILE).read_text())
    except (OSError, ValueError):
        return []
    return [
        f"{name} is {value!r} now and was {noted[name]!r}"
        for name, value in _of(settings).items()
        if name in noted and noted[name] != value
    ]


def _of(settings: Settings) -> dict[str, str]:
    return {
        "ROOMCAST_PORT": str(settings.port),
        "ROOMCAST_AWS_PORT": str(settings.aws_port),
        "ROOMCAST_SETTINGS": " ".join(settings.context),
        "ROOMCAST_FUNCTION_WORKERS": str(settings.workers),
        "ROOMCAST_ACTIVITY": "on" if settings.activity else "off",
    }
