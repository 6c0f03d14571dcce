"""From the kind of a delivery (the `X-GitHub-Event` header) to what reads it."""

from typing import Final

from roomcast_backend.github.issues import IssueDelivery
from roomcast_backend.github.payload import Delivery
from roomcast_backend.github.pull_request import PullRequestDelivery
from roomcast_backend.github.workflow_run import WorkflowRunDelivery

DELIVERIES: Final[dict[str, type[Delivery]]] = {
    "pull_request": PullRequestDelivery,
    "issues": IssueDelivery,
    "workflow_run": WorkflowRunDelivery,
}


def read(kind: str, payload: object) -> Delivery | None:
    """Return what a delivery says, None when its kind maps to no event.

    Raises `InvalidPayload` when the payload is not one of that kind.
    """
    delivery = DELIVERIES.get(kind)
    return delivery.read(payload) if delivery else None
