"""The settings that a command line of the CDK asks for, before the CDK runs."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from infra.settings import Settings
from infra.uv import ROOT


def settings_of(arguments: Sequence[str]) -> Settings:
    """Return the settings of cdk.json, changed by `-c name=value` and `--context name=value`.

    Raises `pydantic.ValidationError` for one that cannot be used, or that there is not.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-c", "--context", action="append", default=[])
    given = parser.parse_known_args(arguments)[0].context
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return Settings.from_values({**context, **dict(each.partition("=")[::2] for each in given)})
