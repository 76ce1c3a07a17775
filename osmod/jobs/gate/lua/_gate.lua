-- Stands before the scripts of a gate: its keys. KEYS[1] is the gate's own prefix.
--
-- passes: when requests departed, newest first; as many as the largest limit
-- flying: tickets of requests under way, by when they are taken to be lost
-- line:   tickets that wait, by arrival; `due`: the same, by when they were told to come
-- late:   tickets that did not come when they were told to, by arrival
-- counts: departures of each of the last 64 seconds
-- state:  version; latency (ms, a running mean); arrivals; paused (until); aways (in a row);
--         mode (open, refused; none: closed), why, since, next (probe), pause (ms), probe (its ticket)
local PASSES, FLYING, COUNTS, STATE = BASE .. 'passes', BASE .. 'flying', BASE .. 'counts', BASE .. 'state'
local LINE, DUE, LATE = BASE .. 'line', BASE .. 'due', BASE .. 'late'
local KEEP = 86400000 -- a gate that nobody asks is forgotten after this long
