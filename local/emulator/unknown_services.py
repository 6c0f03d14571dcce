"""Says of a service that MiniStack lacks at once that it lacks it.

MiniStack reads botocore's models of all services first, to learn whether there is one of that name:
some seconds, in which it answers nobody. `roomcast doctor` asks for Service Quotas.
"""

from types import ModuleType

from local.emulator.patch import wrap


def install(router: ModuleType) -> None:
    """Believe every request that its service exists: clients of AWS have no others."""
    wrap(router, "_is_aws_service_name", lambda _: lambda _name: True)
