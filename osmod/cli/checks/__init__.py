"""What `osmod check` looks at, one file an area. Each yields findings and goes on as far as it can."""

from osmod.cli.checks.access import check_access
from osmod.cli.checks.actors import check_actors, check_schedules
from osmod.cli.checks.database import check_database
from osmod.cli.checks.finding import Finding, Level
from osmod.cli.checks.kue import check_kue
from osmod.cli.checks.outbox import check_outbox
from osmod.cli.checks.publishers import check_publishers
from osmod.cli.checks.queues import check_queues
from osmod.cli.checks.redis import check_redis
from osmod.cli.checks.scheduler import check_scheduler
from osmod.cli.checks.scorers import check_gates, check_scorers
from osmod.cli.checks.settings import check_settings
from osmod.cli.checks.workers import check_workers

__all__ = [
    "Finding",
    "Level",
    "check_access",
    "check_actors",
    "check_database",
    "check_gates",
    "check_kue",
    "check_outbox",
    "check_publishers",
    "check_queues",
    "check_redis",
    "check_scheduler",
    "check_schedules",
    "check_scorers",
    "check_settings",
    "check_workers",
]
