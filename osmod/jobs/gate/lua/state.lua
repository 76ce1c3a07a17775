-- What a gate knows. Changes nothing.
-- Returns: now (ms), mode ('' if closed), why, since, next probe, paused until, failing since, how it
--   failed last (each '' if there is none), whether a probe is under way, requests under way, departures in the last full
--   second, in the last minute, tickets that wait.
local state = call('HMGET', STATE, 'mode', 'why', 'since', 'next', 'paused', 'probe', 'failing', 'failed')
local probe = state[6] and tonumber(call('ZSCORE', FLYING, state[6])) or 0
local counts, second, minute = call('HGETALL', COUNTS), 0, 0
for i = 2, #counts, 2 do
    local at, count = string.match(counts[i], '^(%d+) (%d+)$')
    local age = at and clock[1] - at or 64
    if age == 1 then
        second = tonumber(count)
    end
    if age < 60 then
        minute = minute + count
    end
end
return {
    stamp, state[1] or '', state[2] or '', state[3] or '', state[4] or '', state[5] or '', state[7] or '', state[8] or '',
    probe > now and 1 or 0,
    call('ZCOUNT', FLYING, '(' .. stamp, '+inf'), second, minute, call('ZCARD', LINE) + call('ZCARD', LATE),
}
