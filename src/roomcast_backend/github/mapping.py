"""Maps the kind of a delivery (the `X-GitHub-Event` header) to the model that parses it."""

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
    """Parse the payload of a delivery; return None when its kind maps to no event.

    Raises `InvalidPayload` when the payload does not have the shape of that kind.
    """
    delivery = DELIVERIES.get(kind)
    return delivery.read(payload) if delivery else None
