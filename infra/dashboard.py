"""The CloudWatch dashboard: connections, events, deliveries, latency, errors, cost drivers.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html
"""

from aws_cdk.aws_cloudwatch import Dashboard, GraphWidget, IMetric, Metric
from aws_cdk.aws_lambda import Function
from constructs import Construct

from infra.alarms import PERIOD, Alarms

OUTCOMES = ("sent", "gone", "throttled", "failed", "too_large")
WIDTH = 12


class ServiceDashboard(Construct):
    """One page for one deployment; dashboards are global, so its name has the Region, too."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        websocket: tuple[str, str],
        functions: dict[str, Function],
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        api_id, stage = websocket

        def gateway(metric: str) -> Metric:
            return Metric(
                namespace="AWS/ApiGateway",
                metric_name=metric,
                dimensions_map={"ApiId": api_id, "Stage": stage},
                period=PERIOD,
                statistic="Sum",
            )

        own = alarms.own_metric
        posts = [own(f"posts_{outcome}", "broadcast") for outcome in OUTCOMES]
        latency = [own("delivery_ms", "broadcast", statistic) for statistic in ("p50", "p99")]
        webhooks = [
            own(f"webhooks_{answer}", "webhooks") for answer in ("accepted", "refused", "failed")
        ]
        errors = [each.metric_errors(period=PERIOD) for each in functions.values()]
        work = [each.metric_duration(period=PERIOD, statistic="Sum") for each in functions.values()]
        dashboard = Dashboard(self, "Page", dashboard_name=name)
        dashboard.add_widgets(
            _graph("New connections", gateway("ConnectCount")),
            _graph("Frames and posts (billed)", gateway("MessageCount")),
        )
        dashboard.add_widgets(
            _graph("Posts to clients by outcome", *posts),
            _graph("From publishing to the last post of an invocation, ms", *latency),
        )
        dashboard.add_widgets(
            _graph("Webhooks", *webhooks),
            _graph("Events", functions["broadcast"].metric_invocations(period=PERIOD)),
        )
        dashboard.add_widgets(
            _graph(
                "Errors of API Gateway",
                *(gateway(name) for name in ("IntegrationError", "ExecutionError", "ClientError")),
            ),
            _graph("Errors of the functions", *errors),
        )
        dashboard.add_widgets(
            _graph("Milliseconds of the functions (billed)", *work),
            _graph("Pages that wait", own("queued_pages", "broadcast")),
        )


def _graph(title: str, *metrics: IMetric) -> GraphWidget:
    return GraphWidget(title=title, left=list(metrics), width=WIDTH)
