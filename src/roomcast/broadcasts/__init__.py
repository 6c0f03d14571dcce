"""One coroutine for each event type; `all` combines them in one class."""
