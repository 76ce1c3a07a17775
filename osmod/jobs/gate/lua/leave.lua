-- Notes that a request is over, and what it says of the service.
--
-- ARGV: 1 ticket, 2 version, 3 ms after which a request is taken to be lost, 4 outcome (ok, away, refused, paused,
--   unrelated), 5 why, 6 ms of a pause, 7 `away` in a row until the breaker opens, 8 first and 9 longest pause of an
--   open breaker, 10 ms between probes while refused, 11 the largest limit (0: none), 12 its window (ms), then the
--   tickets that it took along
-- Returns what this changed: 'open', 'refused', 'closed', or '' for nothing.
local ticket, outcome, why = ARGV[1], ARGV[4], ARGV[5]
local first, longest, interval = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local lost_at = call('ZSCORE', FLYING, ticket)
local state = call('HMGET', STATE, 'version', 'mode', 'probe', 'pause', 'aways', 'paused', 'latency')
local mode = state[2]
local probe = mode and state[3] == ticket
work_when_full()

local function open(as, after)
    if mode ~= as then
        call('HSET', STATE, 'since', stamp)
    end
    call('HSET', STATE, 'mode', as, 'why', why, 'next', string.format('%.0f', now + after), 'pause', after)
    call('HDEL', STATE, 'probe', 'aways')
    return mode == as and '' or as
end

for i = 13, #ARGV do
    call('ZREM', ALONG, ARGV[i])
end
if lost_at then
    call('ZREM', FLYING, ticket)
    ended(tonumber(ARGV[11]), tonumber(ARGV[12]))
    local took = math.max(1, now - (tonumber(lost_at) - tonumber(ARGV[3])))
    local mean = state[7] and 0.9 * state[7] + 0.1 * took or took
    call('HSET', STATE, 'latency', string.format('%.0f', mean))
    call('PEXPIRE', STATE, KEEP)
end
if state[1] ~= ARGV[2] then
    return '' -- What a service says that was configured otherwise.
end
if outcome == 'ok' then
    call('HDEL', STATE, 'failing')
elseif outcome ~= 'unrelated' then
    call('HSET', STATE, 'failing', call('HGET', STATE, 'failing') or stamp)
end
if outcome == 'paused' then
    local until_then = now + tonumber(ARGV[6])
    if until_then > (tonumber(state[6]) or 0) then
        call('HSET', STATE, 'paused', string.format('%.0f', until_then))
        call('PEXPIRE', STATE, span(KEEP + tonumber(ARGV[6])))
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
    elseif call('HINCRBY', STATE, 'aways', 1) >= tonumber(ARGV[7]) then
        return open('open', first)
    end
elseif mode == 'refused' and outcome == 'paused' then
    call('HDEL', STATE, 'probe') -- It did not look at the key.
elseif mode or state[5] then
    call('HDEL', STATE, 'mode', 'why', 'since', 'next', 'pause', 'probe', 'aways')
    return mode and 'closed' or ''
end
return ''
