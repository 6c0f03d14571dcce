"""The emulator's rules say so when MiniStack is no longer what they were written against."""

import tomllib
from types import SimpleNamespace

import pytest

from local.emulator import patch
from local.emulator.patch import MINISTACK_VERSION, UnknownMiniStack
from local.settings import ROOT


class TestVersion:
    def test_is_the_one_of_pyproject(self) -> None:
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

        assert f"ministack=={MINISTACK_VERSION}" in groups["local"]

    def test_another_one_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patch, "version", lambda _: "9.9.9")

        with pytest.raises(UnknownMiniStack, match=r"9\.9\.9 is installed"):
            patch.check_version()


class TestWrap:
    def test_replaces_a_name(self) -> None:
        module = SimpleNamespace(__name__="module", answer=lambda: 1)
        patch.wrap(module, "answer", lambda original: lambda: original() + 1)

        assert module.answer() == 2

    def test_absent_name_is_refused(self) -> None:
        module = SimpleNamespace(__name__="apigateway")

        with pytest.raises(UnknownMiniStack, match=r"no apigateway\.answer to replace"):
            patch.wrap(module, "answer", lambda original: original)
