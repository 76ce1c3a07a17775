"""OSMod's tables as its own server created them, and ours beside them (`OWN_TABLES`)."""

from osmod.moderation.models.access import AccessToken, ConfigurationItem
from osmod.moderation.models.articles import COUNTS, Article, Category
from osmod.moderation.models.base import Base
from osmod.moderation.models.comments import Comment, CommentSize
from osmod.moderation.models.decisions import Action, Decision, ModerationRule, Source, Status
from osmod.moderation.models.delivery import InboxEntry, OutboxEntry
from osmod.moderation.models.desk import Claim, DeskAct, RuleChange
from osmod.moderation.models.flags import CommentFlag
from osmod.moderation.models.publishing import (
    DecisionDelivery,
    DeliveryAttempt,
    DeliveryState,
    PublisherStanding,
)
from osmod.moderation.models.scores import (
    CommentScore,
    CommentScoreRequest,
    CommentSummaryScore,
    CommentTopScore,
    SourceType,
)
from osmod.moderation.models.sources import CommentSource
from osmod.moderation.models.tags import SUMMARY_SCORE, Tag
from osmod.moderation.models.types import now, single, whole
from osmod.moderation.models.unscored import Unscored
from osmod.moderation.models.users import IS_SCORING, Group, User

#: The tables that are ours; all others are OSMod's and are never altered.
OWN_TABLES = (
    InboxEntry.__tablename__,
    OutboxEntry.__tablename__,
    AccessToken.__tablename__,
    CommentSource.__tablename__,
    DecisionDelivery.__tablename__,
    DeliveryAttempt.__tablename__,
    PublisherStanding.__tablename__,
    Unscored.__tablename__,
    Claim.__tablename__,
    DeskAct.__tablename__,
    RuleChange.__tablename__,
)
#: OSMod's, but younger than some of its databases: made where it is missing.
MADE_IF_MISSING = (ConfigurationItem.__tablename__,)

__all__ = [
    "COUNTS",
    "IS_SCORING",
    "MADE_IF_MISSING",
    "OWN_TABLES",
    "SUMMARY_SCORE",
    "AccessToken",
    "Action",
    "Article",
    "Base",
    "Category",
    "Claim",
    "Comment",
    "CommentFlag",
    "CommentScore",
    "CommentScoreRequest",
    "CommentSize",
    "CommentSource",
    "CommentSummaryScore",
    "CommentTopScore",
    "ConfigurationItem",
    "Decision",
    "DecisionDelivery",
    "DeliveryAttempt",
    "DeliveryState",
    "DeskAct",
    "Group",
    "InboxEntry",
    "ModerationRule",
    "OutboxEntry",
    "PublisherStanding",
    "RuleChange",
    "Source",
    "SourceType",
    "Status",
    "Tag",
    "Unscored",
    "User",
    "now",
    "single",
    "whole",
]
