-- Stands before the scripts of a gate: its keys. KEYS[1] is the gate's own prefix.
--
-- passes: when requests departed, newest first; as many as the largest limit
-- ends:   when requests ended, in the same order: each arrived at the service between its departure and its end
-- flying: tickets of requests under way, by when they are taken to be lost
-- along:  tickets that a request under way is for besides its own, by when it is taken to be lost
-- line:   tickets that wait, by arrival; `due`: the same, by when they were told to come
-- late:   tickets that did not come when they were told to, by arrival
-- counts: departures of each of the last 64 seconds
-- state:  version; latency (ms, a running mean); arrivals; paused (until); aways (in a row);
--         failing (since when it has answered nobody), failed (how, last);
--         mode (open, refused; none: closed), why, since, next (probe), pause (ms), probe (its ticket)
local PASSES, ENDS, FLYING, ALONG = BASE .. 'passes', BASE .. 'ends', BASE .. 'flying', BASE .. 'along'
local COUNTS, STATE = BASE .. 'counts', BASE .. 'state'
local LINE, DUE, LATE = BASE .. 'line', BASE .. 'due', BASE .. 'late'
local KEEP = 86400000 -- a gate that nobody asks is forgotten after this long

local function count(list, longest, widest)
    if longest > 0 then
        call('LPUSH', list, stamp)
        call('LTRIM', list, 0, longest - 1)
        call('PEXPIRE', list, span(widest))
    end
end

-- A request departs: it counts from now on.
local function departed(longest, widest)
    count(PASSES, longest, widest)
end

-- A request has ended: it counts from now on.
local function ended(longest, widest)
    count(ENDS, longest, widest)
end
