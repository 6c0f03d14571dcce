"""What the emulator does now and then, as AWS does."""

import time
from types import ModuleType
from typing import Any

import pytest

from local.emulator import bad_luck
from local.emulator.bad_luck import Every


class TestEvery:
    def test_strikes_each_nth_call(self) -> None:
        every = Every(3)
        assert [every.strikes() for _ in range(7)] == [
            False,
            False,
            True,
            False,
            False,
            True,
            False,
        ]

    def test_zero_never_strikes(self) -> None:
        every = Every(0)
        assert not any(every.strikes() for _ in range(100))


class Service(ModuleType):
    """Stands for MiniStack's modules."""

    def __init__(self) -> None:
        super().__init__("service")
        self.invoked: list[Any] = []

    def invoke_async_with_retry(self, function: Any, event: Any) -> None:
        self.invoked.append((function, event))

    def _get_func_record_for_ref(self, arn: str) -> tuple[Any, Any, str]:
        return ({"arn": arn}, {"name": "f"}, "f") if arn == "known" else (None, None, "f")

    def _execution_record_for_config(self, function: Any, config: Any) -> Any:
        return {**function, "config": config}

    def _dispatch_to_lambda(self, arn: str, payload: str) -> None:
        raise AssertionError("tries once only")

    async def handle_connections_api(self, *args: Any) -> Any:
        return 200, {}, args


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("ROOMCAST_DUPLICATE_EVERY", "2")
    monkeypatch.setenv("ROOMCAST_THROTTLE_EVERY", "2")
    monkeypatch.setattr(bad_luck, "DUPLICATE_AFTER_SECONDS", 0.0)
    service = Service()
    bad_luck.install(service, service, service)
    return service


class TestInstalled:
    def test_every_second_asynchronous_invocation_comes_twice(self, service: Service) -> None:
        for number in range(3):
            service.invoke_async_with_retry("f", number)
        for _ in range(200):
            if len(service.invoked) == 4:
                break
            time.sleep(0.01)
        assert sorted(event for _, event in service.invoked) == [0, 1, 1, 2]

    def test_eventbridge_invokes_with_lambdas_retries(self, service: Service) -> None:
        service._dispatch_to_lambda("known", '{"detail": 1}')
        assert service.invoked == [({"arn": "known", "config": {"name": "f"}}, {"detail": 1})]

    def test_eventbridge_knows_no_function(self, service: Service) -> None:
        service._dispatch_to_lambda("unknown", "{}")
        assert service.invoked == []

    async def test_every_second_post_is_throttled(self, service: Service) -> None:
        answers = [(await service.handle_connections_api("POST"))[0] for _ in range(4)]
        assert answers == [200, 429, 200, 429]
