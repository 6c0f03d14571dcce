"""How calls move to a new version: with CodeDeploy a tenth at first, and back when alarms ring.

Without it, which is the default, CloudFormation points each alias at the new version at once.
"""

from collections.abc import Mapping

from aws_cdk.aws_cloudwatch import Alarm
from aws_cdk.aws_codedeploy import LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup
from aws_cdk.aws_lambda import Alias
from constructs import Construct


class CanaryRollout(Construct):
    """One deployment group for each function; all of them shift at the same time.

    `alarms` is the construct of the alarms; those about a function's errors, such as
    `connectErrors`, take its calls back to the version before.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, live: Mapping[str, Alias], alarms: Construct
    ) -> None:
        super().__init__(scope, construct_id)
        application = LambdaApplication(self, "Application")
        for name, alias in live.items():
            LambdaDeploymentGroup(
                self,
                name.capitalize(),
                application=application,
                alias=alias,
                deployment_config=LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
                alarms=_of_function(name, alarms),
            )


def _of_function(name: str, alarms: Construct) -> list[Alarm]:
    """Return the alarms about errors of one function."""
    found = alarms.node.try_find_child(f"{name}Errors")
    return [found] if isinstance(found, Alarm) else []
