"""The CloudWatch dashboard: connections, events, deliveries, latency, errors, cost drivers.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html
"""

from collections.abc import Mapping

from aws_cdk.aws_cloudwatch import Dashboard, GraphWidget, IMetric, Metric
from aws_cdk.aws_dynamodb import TableV2
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_sqs import Queue
from constructs import Construct

from infra import metrics
from infra.metrics import PERIOD

OUTCOMES = ("sent", "gone", "throttled", "failed", "too_large")
"""As src/roomcast_backend/gateway/posts.py names them; a test compares both."""

WIDTH = 12


class ServiceDashboard(Construct):
    """One page for one deployment; dashboards are global, so its name has the Region, too."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stack_name: str,
        websocket: tuple[str, str],
        functions: Mapping[str, Function],
        tables: Mapping[str, TableV2],
        dead_letters: Mapping[str, Queue],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stack_name = stack_name
        self._websocket = websocket
        self._functions = functions
        self._tables = tables
        widgets = [
            *self._connections(),
            *self._deliveries(),
            *self._errors(),
            _graph("Dead letters", *(_waiting(queue) for queue in dead_letters.values())),
            *self._costs(),
        ]
        dashboard = Dashboard(self, "Page", dashboard_name=name)
        for start in range(0, len(widgets), 2):
            dashboard.add_widgets(*widgets[start : start + 2])

    def _connections(self) -> list[GraphWidget]:
        return [
            _graph("New connections", self._gateway("ConnectCount")),
            _graph("Frames and posts (billed)", self._gateway("MessageCount")),
        ]

    def _deliveries(self) -> list[GraphWidget]:
        posts = [self._own("broadcast", f"posts_{outcome}") for outcome in OUTCOMES]
        times = [self._own("broadcast", "delivery_ms", percentile) for percentile in ("p50", "p99")]
        webhooks = [
            self._own("webhooks", f"webhooks_{answer}")
            for answer in ("accepted", "refused", "failed")
        ]
        return [
            _graph("Posts to clients by outcome", *posts),
            _graph("From publishing to the last post of an invocation, ms", *times),
            _graph("Events", self._functions["broadcast"].metric_invocations(period=PERIOD)),
            _graph("Webhooks", *webhooks),
        ]

    def _errors(self) -> list[GraphWidget]:
        each = self._functions.values()
        gateway = ("IntegrationError", "ExecutionError", "ClientError")
        return [
            _graph("Errors of API Gateway", *(self._gateway(name) for name in gateway)),
            _graph(
                "Answers that the service cannot (503)",
                self._own("connect", "handshakes_unavailable"),
                self._own("subscribe", "frames_unavailable"),
                self._own("poll", "handshakes_unavailable"),
                self._own("status", "health_unavailable"),
            ),
            _graph("Errors of the functions", *(f.metric_errors(period=PERIOD) for f in each)),
            _graph("Connections closed for flooding", self._own("subscribe", "flooding_closed")),
            _graph(
                "Closed since their user had too many",
                self._own("count", "connections_per_user_closed"),
            ),
            _graph("Throttled functions", *(f.metric_throttles(period=PERIOD) for f in each)),
            _graph("Pages that wait", self._own("broadcast", "queued_pages")),
        ]

    def _costs(self) -> list[GraphWidget]:
        work = [
            each.metric_duration(period=PERIOD, statistic="Sum")
            for each in self._functions.values()
        ]
        units = [
            table.metric(f"Consumed{kind}CapacityUnits", period=PERIOD, statistic="Sum")
            for table in self._tables.values()
            for kind in ("Read", "Write")
        ]
        return [
            _graph("Milliseconds of the functions (billed)", *work),
            _graph("Units of the tables (billed)", *units),
        ]

    def _own(self, function: str, name: str, statistic: str = "Sum") -> Metric:
        return metrics.own(self._stack_name, function, name, statistic)

    def _gateway(self, name: str) -> Metric:
        return metrics.gateway(name, *self._websocket)


def _waiting(queue: Queue) -> Metric:
    return queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")


def _graph(title: str, *shown: IMetric) -> GraphWidget:
    return GraphWidget(title=title, left=list(shown), width=WIDTH)
