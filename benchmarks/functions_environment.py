"""What a function of the deployed stack finds in its environment, with the stub in AWS's place."""

from benchmarks.stub import Stub
from benchmarks.traffic import NO_LIMIT, credentials

TABLES = ("connections", "rooms", "events", "registry", "idempotency", "counters", "polling")


def of_function(name: str, stub: Stub, *, world: str, page_size: int = 1000) -> dict[str, str]:
    """Return the variables; the stub's `world` answers for DynamoDB and the other services."""
    return {
        **credentials(stub.authority),
        "AWS_ENDPOINT_URL": f"https://127.0.0.1:{stub.port}/aws/{world}",
        "AWS_LAMBDA_FUNCTION_NAME": f"roomcast-{name}",
        "POWERTOOLS_SERVICE_NAME": f"roomcast-{name}",
        "POWERTOOLS_METRICS_NAMESPACE": "Roomcast",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        **{f"ROOMCAST_{table.upper()}_TABLE": f"bench-{table}" for table in TABLES},
        "ROOMCAST_CALLBACK_URL": stub.url("now"),
        "ROOMCAST_EVENT_BUS": "bench",
        "ROOMCAST_OPEN_FUNCTION": "bench-open",
        "ROOMCAST_PAGES_QUEUE_URL": "https://queues/bench-pages",
        "ROOMCAST_DEADLINE_QUEUE_URL": "https://queues/bench-deadlines",
        "ROOMCAST_JWT_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:jwt",
        "ROOMCAST_GITHUB_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:github",
        "ROOMCAST_PAGE_SIZE": str(page_size),
        "ROOMCAST_POSTS_PER_SECOND": str(NO_LIMIT),
    }
