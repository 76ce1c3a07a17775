-- How a queue is doing. ARGV: 1 running jobs listed at most.
-- Returns: sizes of the six sets; what paused it ('' if it is not); ms for which its oldest waiting job has
--   waited (-1: none waits); names and values of its counters; ids of running jobs.
local sizes = {}
for i, set in ipairs({READY, DELAYED, ACTIVE, DONE, FAILED, CANCELLED}) do
    sizes[i] = call('ZCARD', set)
end
local oldest = now + 1
local above = '-inf'
for _ = 1, 64 do
    -- The first of each priority: within one, jobs stand as they came.
    local head = call('ZRANGEBYSCORE', READY, above, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not head[2] then
        break
    end
    local job = call('HMGET', JOB .. head[1], 'created', 'due')
    -- One that was put off has waited since it was due.
    oldest = math.min(oldest, math.max(tonumber(job[1]) or now, tonumber(job[2]) or 0))
    above = string.format('%.0f', (math.floor(tonumber(head[2]) / PRIORITY_STEP) + 1) * PRIORITY_STEP)
end
local running = {}
for i, member in ipairs(call('ZRANGE', ACTIVE, 0, tonumber(ARGV[1]) - 1)) do
    running[i] = string.match(member, '^%S+')
end
local counters = call('HMGET', META, 'done', 'failed', 'retried', 'cancelled', 'recovered')
for i = 1, 5 do
    counters[i] = tonumber(counters[i] or '0')
end
return {sizes, call('GET', PAUSED) or '', oldest > now and -1 or now - oldest, counters, running}
