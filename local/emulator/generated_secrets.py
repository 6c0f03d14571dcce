"""Lets the emulator generate secrets as the template says: of letters and digits.

MiniStack leaves `ExcludePunctuation` out, so that a secret could not be pasted into a shell.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

import string
from collections.abc import Callable
from types import ModuleType
from typing import Any

from local.emulator.patch import wrap


def install(provisioners: ModuleType) -> None:
    """Put the rule into MiniStack's CloudFormation."""
    wrap(provisioners, "_sm_secret_string", without_punctuation)


def without_punctuation(generate: Callable[[dict[str, Any]], str]) -> Callable[..., str]:
    """Return `generate` with `ExcludePunctuation` written as the characters that it excludes."""

    def generating(properties: dict[str, Any]) -> str:
        rules = dict(properties.get("GenerateSecretString") or {})
        if str(rules.get("ExcludePunctuation", "")).lower() == "true":
            rules["ExcludeCharacters"] = rules.get("ExcludeCharacters", "") + string.punctuation
            properties = {**properties, "GenerateSecretString": rules}
        return generate(properties)

    return generating
