-- Notes that requests are over, and what each says of the service.
--
-- ARGV: 1 version, 2 ms after which a request is taken to be lost, 3 `away` in a row until the breaker opens, 4 first
--   and 5 longest pause of an open breaker, 6 ms between probes while refused, 7 the largest limit (0: none), 8 its
--   window (ms), then for each request: ticket, outcome (ok, away, refused, paused, unrelated), why, ms of a pause,
--   how many tickets it took along, and those
-- Returns for each what this changed: 'open', 'refused', 'closed', or '' for nothing.
local first, longest, interval = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
work_when_full()

local function leave(ticket, outcome, why, pause)
    local lost_at = call('ZSCORE', FLYING, ticket)
    local state = call('HMGET', STATE, 'version', 'mode', 'probe', 'pause', 'aways', 'paused', 'latency')
    local mode = state[2]
    local probe = mode and state[3] == ticket

    local function open(as, after)
        if mode ~= as then
            call('HSET', STATE, 'since', stamp)
        end
        call('HSET', STATE, 'mode', as, 'why', why, 'next', string.format('%.0f', now + after), 'pause', after)
        call('HDEL', STATE, 'probe', 'aways')
        return mode == as and '' or as
    end

    if lost_at then
        call('ZREM', FLYING, ticket)
        ended(tonumber(ARGV[7]), tonumber(ARGV[8]))
        local took = math.max(1, now - (tonumber(lost_at) - tonumber(ARGV[2])))
        local mean = state[7] and 0.9 * state[7] + 0.1 * took or took
        call('HSET', STATE, 'latency', string.format('%.0f', mean))
        call('PEXPIRE', STATE, KEEP)
    end
    if state[1] ~= ARGV[1] then
        return '' -- What a service says that was configured otherwise.
    end
    if outcome == 'ok' then
        call('HDEL', STATE, 'failing', 'failed')
    elseif outcome ~= 'unrelated' then
        call('HSET', STATE, 'failing', call('HGET', STATE, 'failing') or stamp, 'failed', why)
    end
    if outcome == 'paused' then
        local until_then = now + pause
        if until_then > (tonumber(state[6]) or 0) then
            call('HSET', STATE, 'paused', string.format('%.0f', until_then))
            call('PEXPIRE', STATE, span(KEEP + pause))
        end
    end
    if not lost_at or (mode and not probe) then
        return '' -- Told before, or taken to be lost; or begun before the breaker opened.
    end
    if outcome == 'unrelated' then
        call('HDEL', STATE, 'probe')
    elseif outcome == 'refused' then
        return open('refused', interval)
    elseif outcome == 'away' then
        if mode == 'refused' then
            return open('refused', interval)
        elseif mode then
            return open('open', math.min(longest, 2 * (tonumber(state[4]) or first)))
        elseif call('HINCRBY', STATE, 'aways', 1) >= tonumber(ARGV[3]) then
            return open('open', first)
        end
    elseif mode == 'refused' and outcome == 'paused' then
        call('HDEL', STATE, 'probe') -- It did not look at the key.
    elseif mode or state[5] then
        call('HDEL', STATE, 'mode', 'why', 'since', 'next', 'pause', 'probe', 'aways')
        return mode and 'closed' or ''
    end
    return ''
end

local changes, i = {}, 9
while i <= #ARGV do
    local along = tonumber(ARGV[i + 4])
    for j = i + 5, i + 4 + along do
        call('ZREM', ALONG, ARGV[j])
    end
    changes[#changes + 1] = leave(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]))
    i = i + 5 + along
end
return changes
