"""The README says what is so."""

from tests.structure import actor_table


def test_the_table_of_actors_is_that_of_the_registered_ones() -> None:
    """An actor that is added, renamed or given another argument is in the README, or this fails."""
    assert actor_table.table() == actor_table.in_readme(), "run `python -m tests.structure.actor_table`"
