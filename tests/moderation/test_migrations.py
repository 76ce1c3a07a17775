"""`osmod db upgrade` on every kind of database, and that OSMod's tables stay OSMod's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from osmod.moderation.database import connect
from osmod.moderation.migrations import VERSION_TABLE, SchemaError, problems, revisions, upgrade
from osmod.moderation.models import (
    MADE_IF_MISSING,
    OWN_TABLES,
    Base,
    Comment,
    DecisionDelivery,
    PublisherStanding,
    Unscored,
    now,
)
from tests.moderation import osmod_database
from tests.moderation.world import World

ADDED = [
    f"created the worker's own tables: {', '.join(OWN_TABLES)}",
    "the worker's tables are at revision 0006",
]


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    """An engine on a database without tables."""
    engine = connect(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def osmod(empty: Engine) -> Engine:
    """An engine on a database that OSMod's own server made."""
    osmod_database.load(empty)
    return empty


def tables(engine: Engine) -> set[str]:
    """The names of the tables that are there."""
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def structure(connection: Connection, table: str) -> list[str]:
    """Columns and indexes of a table, written so that two can be compared."""
    found = inspect(connection)
    columns = [f"{c['name']} {c['type']} {c['nullable']} {c['default']}" for c in found.get_columns(table)]
    indexes = [f"{i['name']} {i['column_names']} {i['unique']}" for i in found.get_indexes(table)]
    return [*columns, str(found.get_pk_constraint(table)["constrained_columns"]), *sorted(indexes)]


def test_empty_database_gets_everything(empty: Engine) -> None:
    """All tables are created, and the second time there is nothing to do."""
    assert ["created OSMod's 14 tables", *ADDED] == upgrade(empty)
    assert set(Base.metadata.tables) | {VERSION_TABLE} == tables(empty)
    assert [] == upgrade(empty)
    assert [] == problems(empty)


def test_migrations_make_what_the_models_say(empty: Engine, engine: Engine) -> None:
    """The revisions, which are frozen, end where the models stand."""
    Base.metadata.create_all(empty)
    with engine.connect() as migrated, empty.connect() as modelled:
        for name in OWN_TABLES:
            assert structure(modelled, name) == structure(migrated, name)


def test_down_and_up_with_rows(engine: Engine) -> None:
    """To before publishers were told, in two goes as the first was interrupted, and up again; OSMod's rows stay."""
    world = World(engine)
    comment = world.comment(world.article())
    world.add(Unscored(comment_id=comment, scorer_id=1, reason="away", since=now(), times=0))
    owed = {"comment_id": comment, "decision_id": 1, "owner_id": 1, "sequence": 1}
    world.add(DecisionDelivery(message_id="msg_1", event="comment.accepted", data={}, **owed))
    world.add(PublisherStanding(owner_id=1, reason="", failures=0))
    with engine.connect() as connection:
        before = {name: structure(connection, name) for name in OWN_TABLES}
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE osmod_worker_deliveries")  # MySQL commits each table by itself
    _down(engine, "0003")
    assert not {"osmod_worker_unscored", "osmod_worker_deliveries", "osmod_worker_publishers"} & tables(
        engine
    )
    assert comment == world.get(Comment, comment).id
    upgrade(engine)
    with engine.connect() as connection:
        assert before == {name: structure(connection, name) for name in OWN_TABLES}
    assert ([], []) == (world.all(Unscored), problems(engine))


def test_down_to_nothing_and_up_again(engine: Engine) -> None:
    """Step by step, with rows in OSMod's tables, which stay; then a downgrade to each revision, and up from there."""
    comment = World(engine).comment(World(engine).article())
    with engine.connect() as connection:
        before = {name: structure(connection, name) for name in OWN_TABLES}
    script = ScriptDirectory.from_config(revisions._config())
    numbers = [one.revision for one in script.walk_revisions()]
    for number in [*numbers[1:], "base"]:
        _down(engine, number)
    assert set() == {name for name in tables(engine) if name in OWN_TABLES}
    upgrade(engine)
    for number in numbers:
        _down(engine, number)
        upgrade(engine)
        with engine.connect() as connection:
            assert before == {name: structure(connection, name) for name in OWN_TABLES}, number
    assert comment == World(engine).get(Comment, comment).id
    assert [] == problems(engine)


def _down(engine: Engine, to: str) -> None:
    with engine.begin() as connection:
        config = revisions._config()
        config.attributes["connection"] = connection
        command.downgrade(config, to)


def test_osmods_tables_are_not_touched(osmod: Engine) -> None:
    """On OSMod's own database our tables are added; its tables and rows are as they were."""
    with osmod.connect() as connection:
        before = osmod_database.described(connection)
    younger = "created OSMod's configuration_items, which the database is older than"
    assert [ADDED[0], younger, ADDED[1]] == upgrade(osmod)
    assert [] == upgrade(osmod)
    with osmod.connect() as connection:
        after = osmod_database.described(connection)
        assert ["SPAM"] == connection.exec_driver_sql("SELECT `key` FROM tags").scalars().all()
    assert before == {name: after[name] for name in before}
    assert {*osmod_database.TABLES, "preselects", *MADE_IF_MISSING, *OWN_TABLES, VERSION_TABLE} == tables(
        osmod
    )


def test_partial_schema_is_refused(osmod: Engine) -> None:
    """A database with a part of OSMod's tables is refused with the list of what is missing, unchanged."""
    with osmod.begin() as connection:
        connection.exec_driver_sql("DROP TABLE comment_sizes")
        connection.exec_driver_sql("ALTER TABLE tags DROP COLUMN description")
    with pytest.raises(SchemaError) as caught:
        upgrade(osmod)
    assert (
        "the database has a part of OSMod's tables only; nothing was changed. Missing: comment_sizes, "
        "tags.description. Bring it up to date with OSMod's own migrations, or name an empty database."
        == str(caught.value)
    )
    assert not tables(osmod) & {*OWN_TABLES, VERSION_TABLE}
    assert [
        "OSMod's schema lacks comment_sizes: is this OSMod's database?",
        "OSMod's schema lacks tags.description: is this OSMod's database?",
        f"the worker's own tables are missing ({', '.join(OWN_TABLES)}): run `osmod db upgrade`.",
    ] == problems(osmod)


def test_strange_database_is_refused(empty: Engine) -> None:
    """A database of another program is left alone."""
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE invoices (id integer)")
    with pytest.raises(SchemaError) as caught:
        upgrade(empty)
    assert (
        "the database holds other tables than OSMod's (invoices) and none of OSMod's: name OSMod's database, "
        "or an empty one, in DATABASE_URL or DATABASE_NAME." == str(caught.value)
    )
    assert {"invoices"} == tables(empty)


@pytest.mark.parametrize("lost", ["OSMod's tables", "osmod_worker_inbox", "osmod_worker_outbox_message_id"])
def test_goes_on_after_an_interruption(empty: Engine, lost: str) -> None:
    """MySQL commits each table by itself: what an interrupted run left out is made by the next."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {VERSION_TABLE}")
        if lost == "OSMod's tables":
            for name in ("decisions", "moderation_rules", "comment_sizes"):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        elif lost == "osmod_worker_inbox":
            connection.exec_driver_sql(f"DROP TABLE {lost}")
        else:
            on = " ON osmod_worker_outbox" if empty.dialect.name != "sqlite" else ""
            connection.exec_driver_sql(f"DROP INDEX {lost}{on}")
    upgrade(empty)
    assert [] == problems(empty)
    with empty.connect() as connection:
        assert {"osmod_worker_outbox_message_id"} == {
            index["name"] for index in inspect(connection).get_indexes("osmod_worker_outbox")
        }


def test_two_upgrades_at_once(empty: Engine) -> None:
    """Two containers that start together do the work once."""
    with ThreadPoolExecutor(2) as pool:
        done = [*pool.map(upgrade, [empty, empty])]
    assert [[], ["created OSMod's 14 tables", *ADDED]] == sorted(done)


def test_problems_of_an_empty_database(empty: Engine) -> None:
    """No tables: one sentence, not one for each table."""
    assert ["the database has no tables yet: run `osmod db upgrade`."] == problems(empty)


def test_problems_of_an_older_revision(empty: Engine) -> None:
    """A database behind the code is told to upgrade."""
    upgrade(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0000'")
    assert ["the worker's tables are at revision 0000, not 0006: run `osmod db upgrade`."] == problems(empty)


@pytest.mark.only_on("mariadb")
@pytest.mark.parametrize("table", osmod_database.TABLES)
def test_models_are_osmods_tables(engine: Engine, empty: Engine, table: str) -> None:
    """Our models make OSMod's tables to the letter, as the server words it: columns, keys and constraints."""
    with engine.connect() as connection:
        ours = osmod_database.described(connection)[table]
    # MariaDB's alias JSON gives the column a character set of its own; OSMod's dump was loaded as longtext.
    ours = ours.replace(" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "")
    assert _lines(osmod_database.described_alone(empty, table)) == _lines(ours)


def _lines(statement: str) -> list[str]:
    return sorted(line.strip(" ,") for line in statement.splitlines())
