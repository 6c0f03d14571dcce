"""Every setting of the service: a CDK context value with its default, meaning and limits.

Set one in `cdk.json`'s context or with `cdk deploy -c name=value`. What functions are told reaches
them as `ROOMCAST_<NAME>`. docs/settings.md shows them all; a test compares it with this package,
which has a module for each subject.
"""

from infra.settings.deployment import Settings, problems
from infra.settings.functions import FunctionSettings, variable
from infra.settings.limits import MINUTE

__all__ = ["MINUTE", "FunctionSettings", "Settings", "problems", "variable"]
