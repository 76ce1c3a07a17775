-- Lets requests depart, or says of each when its turn is likely to come.
--
-- ARGV: 1 version of the configuration, 2 requests that may be under way (0: any number), 3 ms after which one is taken
--   to be lost, 4 how many more a request may be for, 5 how many of the next arguments are limits, then those in threes:
--   limit, window (ms), 1 if it is counted from the ends of requests; then the tickets, in their order
-- Returns for each ticket 0 and the tickets that are taken along, or: ms to wait, why (open, refused, paused, rate,
--   concurrency, along: another request is for this one), a detail (of a rate: which, from 0;
--   of a service that is away: why), tickets ahead.
local version, most, hold, others = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local limits_end = 5 + tonumber(ARGV[5])
local GRACE = 2000      -- who is later than this holds up nobody, and keeps its place
local MOST_LATE = 20000 -- places kept of those
local SPREAD = 5        -- between those who may all come at the same moment
local DRIFT = 10        -- by which turns that depend on others' turns are late
local PROBING = 1000    -- until others ask how a probe went
local SET_BACK = 1000   -- by which the clock must not be behind what it said before
local SLOW = 5000       -- requests are not taken to be slower: no place that is free sooner is to stay empty

work_when_full()
for _, list in ipairs({PASSES, ENDS}) do
    if tonumber(call('LINDEX', list, 0) or 0) > now + SET_BACK then
        -- The clock was set back: for as long nobody would depart.
        call('DEL', PASSES, ENDS, FLYING)
    end
end
call('ZREMRANGEBYSCORE', FLYING, '-inf', now)
call('ZREMRANGEBYSCORE', ALONG, '-inf', now)
for _, one in ipairs(call('ZRANGEBYSCORE', DUE, '-inf', now - GRACE, 'LIMIT', 0, 100)) do
    local place = call('ZSCORE', LINE, one)
    if place then
        call('ZADD', LATE, place, one)
    end
    call('ZREM', LINE, one)
    call('ZREM', DUE, one)
end
local too_many = call('ZCARD', LATE) - MOST_LATE
if too_many > 0 then
    call('ZPOPMIN', LATE, too_many)
end
if call('HGET', STATE, 'version') ~= version then
    -- What was learnt of the service as it was configured before says nothing.
    call('HDEL', STATE, 'mode', 'why', 'since', 'next', 'pause', 'probe', 'aways', 'paused', 'failing', 'failed')
    call('HSET', STATE, 'version', version)
end

local function enter(ticket)
    local state = call('HMGET', STATE, 'mode', 'why', 'next', 'paused', 'probe', 'latency')
    local longest, widest, flying = 0, 0, call('ZCARD', FLYING)
    -- How long those take that are under way is known roughly.
    local takes = math.min(SLOW, tonumber(state[6]) or 250)
    if call('ZSCORE', ALONG, ticket) then
        return {math.ceil(takes) + SPREAD, 'along', '', 0}
    end
    local place = call('ZSCORE', LINE, ticket) or call('ZSCORE', LATE, ticket)
    local ahead = place and call('ZCOUNT', LINE, '-inf', '(' .. place) or call('ZCARD', LINE)
    -- Of those ahead, who is on its way: a place that is free now is theirs. One that none of them comes for is not
    -- kept for those whose turn was expected later.
    local coming = 0
    for _, one in ipairs(ahead > 0 and call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, 50) or {}) do
        local of_one = one ~= ticket and call('ZSCORE', LINE, one)
        if of_one and not (place and tonumber(of_one) > tonumber(place)) then
            coming = coming + 1
        end
    end
    -- Those ahead depart so many at a time.
    local before = ahead
    ahead, coming = math.floor(ahead / (others + 1)), math.floor(coming / (others + 1))

    -- Before `base` nobody departs.
    local base, why, detail = now, '', ''
    local paused = tonumber(state[4]) or 0
    if paused > base then
        base, why = paused, 'paused'
    end
    if state[1] then
        local probed = state[5] and state[5] ~= ticket and call('ZSCORE', FLYING, state[5])
        local next_probe = probed and now + PROBING or tonumber(state[3])
        if next_probe > base then
            base, why, detail = next_probe, state[1], state[2] or ''
        end
        if base <= now then
            coming = 0 -- Whoever is here is the probe.
        elseif ahead > 0 and not probed then
            base = base + PROBING
        end
    end

    -- When a place is free under a limit for one that has so many before it. Those are taken to depart as soon as they
    -- may, later by a little each time around. `list` has who takes a place until `window` is over; `more` take one, too,
    -- and are in the list after `takes`.
    local function free_at(list, more, takes, limit, window)
        local from = base - window
        local full = more < limit and call('LINDEX', list, limit - more - 1)
        if coming == 0 and more < limit and not (full and tonumber(full) > from) then
            return base
        end
        local low, high = 0, limit -- between them: how many of the list take one
        while low < high do
            local middle = math.floor((low + high) / 2)
            local pass = call('LINDEX', list, middle)
            if pass and tonumber(pass) > from then
                low = middle + 1
            else
                high = middle
            end
        end
        if coming < limit - low - more then
            return base
        end
        local lacking = math.max(1, ahead + 1 - (limit - low - more))
        local rounds, nth = math.floor((lacking - 1) / limit), (lacking - 1) % limit + 1
        local taken = nth <= low and tonumber(call('LINDEX', list, low - nth)) or base + takes
        return taken + window + rounds * (window + takes + DRIFT + window / 300)
    end

    -- The same where so many may be under way. Rather too early, or places would
    -- stay empty.
    local function free_of(limit)
        local free = limit - flying
        if coming < free or call('ZSCORE', FLYING, ticket) then
            return base
        end
        return base + math.max(SPREAD, 0.9 * takes * math.max(1, ahead + 1 - free) / limit)
    end

    local turn = base
    for i = 6, limits_end, 3 do
        local limit, window, from_ends = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2] == '1'
        longest, widest = math.max(longest, limit), math.max(widest, window)
        local free = from_ends and free_at(ENDS, flying, takes, limit, window) or free_at(PASSES, 0, 0, limit, window)
        if free > turn then
            turn, why, detail = free, 'rate', string.format('%.0f', (i - 6) / 3)
        end
    end
    local free = most > 0 and free_of(most) or base
    if free > turn then
        turn, why, detail = free, 'concurrency', ARGV[2]
    end

    if turn <= now then
        departed(longest, widest)
        if call('ZSCORE', FLYING, ticket) then
            ended(longest, widest) -- Its job was run again: the first request may have arrived.
        end
        call('ZADD', FLYING, now + hold, ticket)
        call('PEXPIRE', FLYING, span(hold))
        call('ZREM', LINE, ticket)
        call('ZREM', DUE, ticket)
        call('ZREM', LATE, ticket)
        if state[1] then
            call('HSET', STATE, 'probe', ticket)
        end
        local slot = string.format('%.0f', clock[1] % 64)
        local second, count = string.match(call('HGET', COUNTS, slot) or '', '^(%d+) (%d+)$')
        count = second == clock[1] and count + 1 or 1
        call('HSET', COUNTS, slot, clock[1] .. ' ' .. string.format('%.0f', count))
        call('PEXPIRE', COUNTS, 120000)
        call('PEXPIRE', STATE, KEEP)
        local along = {0}
        for _, list in ipairs(string.match(ticket, '^%d+$') and others > 0 and {LATE, LINE} or {}) do
            for _, one in ipairs(call('ZRANGE', list, 0, others + 50)) do
                if #along <= others and string.match(one, '^%d+$') then
                    along[#along + 1] = one
                    call('ZREM', LATE, one)
                    call('ZREM', LINE, one)
                    call('ZREM', DUE, one)
                    call('ZADD', ALONG, now + hold, one)
                    call('PEXPIRE', ALONG, span(hold))
                end
            end
        end
        return along
    end

    if turn <= base then
        turn = base + ahead * SPREAD
    end
    place = place or call('HINCRBY', STATE, 'arrivals', 1)
    local keep = span(KEEP + turn - now)
    call('PEXPIRE', STATE, keep)
    call('ZADD', LINE, place, ticket)
    call('ZADD', DUE, string.format('%.0f', turn), ticket)
    call('ZREM', LATE, ticket)
    call('PEXPIRE', LINE, keep)
    call('PEXPIRE', DUE, keep)
    call('PEXPIRE', LATE, keep)
    return {math.max(1, math.ceil(turn - now)), why, detail, before}
end

local answers = {}
for i = limits_end + 1, #ARGV do
    answers[#answers + 1] = enter(ARGV[i])
end
return answers
