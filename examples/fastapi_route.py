"""A FastAPI route that publishes the change of a project.

    ROOMCAST_EVENT_BUS=<bus> uvicorn examples.fastapi_route:app

All members of the project's room receive the event, and so do the other windows of the user who
made the change. Compared with code for the old server, only the import is new.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Header
from pydantic import BaseModel

from roomcast import get_broadcaster, init_broadcaster


class ProjectChange(BaseModel):
    """What a client may change of a project."""

    name: str
    repository_url: str
    status: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the broadcaster before the first request, and close it after the last one."""
    broadcaster = await init_broadcaster()
    yield
    broadcaster.close()


app = FastAPI(lifespan=lifespan)


@app.patch("/projects/{project_id}")
async def update_project(
    project_id: str, change: ProjectChange, x_user_id: Annotated[str, Header()]
) -> dict[str, bool]:
    """Change a project; return whether the event was accepted."""
    broadcaster = await get_broadcaster()
    announced = await broadcaster.broadcast_project_updated(
        project_id=project_id,
        project_name=change.name,
        repository_url=change.repository_url,
        status=change.status,
        updated_by=x_user_id,
        changes=change.model_dump(),
    )
    return {"announced": announced}
