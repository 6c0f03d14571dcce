"""Run MiniStack with the rules of this package; its own settings come from the environment."""

import logging
import sys

from ministack import app  # type: ignore[import-untyped]
from ministack.core import lambda_runtime, router  # type: ignore[import-untyped]
from ministack.services import (  # type: ignore[import-untyped]
    apigateway,
    dynamodb,
    eventbridge,
    lambda_svc,
    s3,
    sqs,
    sts,
)
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.emulator import (
    activity,
    archives,
    bad_luck,
    browsers,
    cors,
    dead_letters,
    event_sources,
    fault_points,
    forks,
    generated_secrets,
    http_requests,
    missing_objects,
    patch,
    sockets,
    unknown_services,
    workers,
)


def main() -> None:
    """Install every rule, then serve until SIGTERM."""
    patch.check_version()
    sockets.install(apigateway)
    archives.install(lambda_runtime)
    forks.install(lambda_runtime)
    workers.install(lambda_runtime, lambda_svc)
    activity.install(lambda_runtime.Worker)
    bad_luck.install(apigateway, lambda_svc, eventbridge)
    cors.install(apigateway)
    http_requests.install(apigateway)
    generated_secrets.install(provisioners)
    dead_letters.install(sqs)
    missing_objects.install(s3)
    event_sources.install(lambda_svc, dynamodb)
    fault_points.install(
        fault_points.MiniStack(app, lambda_runtime, sts, eventbridge=eventbridge, sqs=sqs)
    )
    browsers.install(app)
    unknown_services.install(router)
    logging.getLogger("functions").setLevel(logging.INFO)
    sys.argv = sys.argv[:1]
    app.main()


main()
