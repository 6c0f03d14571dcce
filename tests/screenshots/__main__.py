"""Take the pictures of the dashboard that are in docs/images: `make screenshots`.

Starts a service of its own beside whatever `make dev` runs, lets the demo's agents work while each
view is open, and takes the view in light and in dark once it has come to rest. ROOMCAST_ENDPOINTS
names the endpoints.json of a service that runs already and is used instead.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from tests.e2e.chromium import NoChromium, running_chromium
from tests.e2e.program import program
from tests.e2e.service import ROOT, running
from tests.screenshots.page import Page
from tests.screenshots.story import Story, StoryFailed
from tests.screenshots.views import IMAGES, VIEWS, View

DIRECTORY: Final = ".local/screenshots"


def main() -> int:
    """Take the pictures of all views, or of those that are named; return the exit code."""
    parser = argparse.ArgumentParser(prog="make screenshots ARGS=...", description=__doc__)
    names = [view.name for view in VIEWS]
    parser.add_argument("views", nargs="*", metavar="VIEW", help=f"of: {', '.join(names)}")
    chosen = parser.parse_args().views or names
    if unknown := set(chosen) - set(names):
        parser.error(f"expected some of {', '.join(names)}, got {', '.join(sorted(unknown))}")
    # The Node of the virtual environment, as for the tests' clients.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    IMAGES.mkdir(exist_ok=True)
    sys.stdout.write("Starting the service ...\n")
    try:
        with running_chromium() as chromium, running(DIRECTORY) as endpoints:
            story = Story(endpoints, ROOT / DIRECTORY)
            asyncio.run(_take([view for view in VIEWS if view.name in chosen], story, chromium))
    except (NoChromium, StoryFailed) as exc:
        sys.exit(str(exc))
    return 0


async def _take(views: list[View], story: Story, chromium: str) -> None:
    async with program("dashboard_page.mjs", chromium) as browser:
        page = Page(browser)
        await _open(page, story)  # the functions are warm before others connect
        async with story.watched():
            for view in views:
                await _open(page, story)
                await _take_one(page, view, story)


async def _open(page: Page, story: Story) -> None:
    await page.open(story.link())
    await page.sees("#connection", "Live")


async def _take_one(page: Page, view: View, story: Story) -> None:
    for selector in view.clicks:
        await page.click(selector)
    await story.tell()
    await page.sees(view.selector, view.text)
    await page.rests()
    for scheme, file in view.pictures():
        await page.take(file, scheme)
        kilobytes = file.stat().st_size / 1000
        sys.stdout.write(f"{file.relative_to(ROOT)}  {kilobytes:.0f} KB\n")


if __name__ == "__main__":
    sys.exit(main())
