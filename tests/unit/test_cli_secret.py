"""`roomcast secret`."""

import json

from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.secret_text import secrets_in


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["secret", *arguments])


class TestSecret:
    def test_is_new_each_time_and_stays_as_it_is_wherever_it_is_pasted(self) -> None:
        one, other = (run().stdout.strip() for _ in range(2))
        assert one != other
        assert (len(one), one.isalnum(), one.isascii()) == (64, True, True)
        assert secrets_in(one) == (one,)

    def test_may_be_longer_but_not_short(self) -> None:
        assert len(json.loads(run("--length", "100", "--json").stdout)["secret"]) == 100
        assert run("--length", "16").exit_code == 2
