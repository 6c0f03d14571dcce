"""What the Lambda functions share; never part of the published library.

Four layers, and imports point down only (`make lint` enforces it):

    inbound  fanout  github  statistics  runtime
    lifecycle
    auth  gateway  protocol  stores
    aws  model  settings
"""
