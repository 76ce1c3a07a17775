-- Checks jobs against the queue's invariants, and mends them if told to. Each job is checked in one step, so
-- what a worker does meanwhile cannot look like a fault.
--
-- ARGV: 1 '1' to mend, 2 keep finished (ms), then ids, and leases as they stand in the active set.
-- Returns triples of id, what is wrong, and what is done about it.
local mend, keep = ARGV[1] == '1', ARGV[2]
local SETS = {{'waiting', READY}, {'delayed', DELAYED}, {'done', DONE}, {'failed', FAILED}, {'cancelled', CANCELLED}}
local ENDED = {done = DONE, failed = FAILED, cancelled = CANCELLED}
local found = {}
if mend then
    look_first()
end

local function report(id, wrong, remedy)
    found[#found + 1] = id
    found[#found + 1] = wrong
    found[#found + 1] = remedy
    return mend
end

for i = 3, #ARGV do
    local id, token = string.match(ARGV[i], '^(%S+) (%S+)$')
    id = id or ARGV[i]
    local key = JOB .. id
    local job = call('HMGET', key, 'state', 'lease', 'message', 'priority')
    local state, lease = job[1], job[2]
    if token and call('ZSCORE', ACTIVE, ARGV[i]) and (not state or lease ~= token) then
        if report(id, state and 'lease of another run' or 'lease without job', 'lease removed') then
            call('ZREM', ACTIVE, ARGV[i])
        end
    end
    local places = {}
    for _, set in ipairs(SETS) do
        if call('ZSCORE', set[2], id) then
            places[#places + 1] = set[1]
        end
    end
    if lease and lease ~= '' and call('ZSCORE', ACTIVE, id .. ' ' .. lease) then
        table.insert(places, 1, 'active')
    end
    local function leave(place)
        if place == 'active' then
            call('ZREM', ACTIVE, id .. ' ' .. lease)
        end
        for _, set in ipairs(SETS) do
            if set[1] == place then
                call('ZREM', set[2], id)
            end
        end
    end
    if not state then
        for _, place in ipairs(places) do
            if report(id, place .. ' without record', 'removed from the set') then
                leave(place)
            end
        end
    elseif state == 'removed' or not job[3] then
        if #places > 0 and report(id, 'no message but ' .. places[1], 'removed from the set') then
            for _, place in ipairs(places) do
                leave(place)
            end
        end
    elseif #places == 0 then
        local ended = ENDED[state]
        if report(id, state .. ' but in no set', ended and 'put back' or 'put in line') then
            if ended then
                call('ZADD', ended, now, id)
            else
                call('HSET', key, 'state', 'waiting', 'lease', '')
                put_ready(id, job[4])
                wake(1)
            end
        end
    else
        local right = places[1]
        for _, place in ipairs(places) do
            if place == state then
                right = place
            end
        end
        for _, place in ipairs(places) do
            if place ~= right and report(id, right .. ' and ' .. place .. ' at once', 'left ' .. right) then
                leave(place)
            end
        end
        if state ~= right and report(id, 'recorded as ' .. state .. ' but ' .. right, 'recorded as ' .. right) then
            call('HSET', key, 'state', right)
            state = right
        end
    end
    if state and (ENDED[state] or state == 'removed') and call('PTTL', key) == -1 then
        if report(id, state .. ' for ever', 'made to expire') then
            call('PEXPIRE', key, keep)
        end
    end
end
return found
