"""A new comment's first step, for servers that store comments themselves."""

from osmod.moderation import ingest
from osmod.moderation.work import Work
from osmod.task import task
from osmod.task.payload import Id


@task("postProcessComment")
def post_process_comment(work: Work, comment_id: Id) -> None:
    """Count a new comment, measure it and link it to the one it answers. Once a comment."""
    ingest.post_process(work, comment_id)
