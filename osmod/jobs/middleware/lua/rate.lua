-- A rate limit over a sliding window. KEYS[1] is the limit's own prefix. ARGV: 1 limit, 2 window (ms).
-- Returns 0 and counts the pass, or the milliseconds after which to ask again.
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local passes, asked = BASE .. 'passes', BASE .. 'asked'
local oldest = call('LINDEX', passes, limit - 1)
local last = tonumber(call('GET', asked)) or 0
work_when_full()
if not oldest or now - tonumber(oldest) >= window then
    call('LPUSH', passes, stamp)
    call('LTRIM', passes, 0, limit - 1)
    call('PEXPIRE', passes, span(window))
    return 0
end
-- Those turned away are spread over the time to come, or all would ask again at the same moment.
local free = tonumber(oldest) + window
local turn = math.max(free, last + window / limit)
call('SET', asked, turn, 'PX', span(turn - now + window))
return math.max(1, math.ceil(turn - now))
