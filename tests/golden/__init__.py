"""OSMod's observed behaviour as cases: run ours on each and compare what every table holds afterwards."""
