-- One round trip of a consumer: settles what it finished, promotes what is due, recovers what lost its
-- lease, and leases up to `want` jobs, in that order.
--
-- ARGV: 1 lease (ms), 2 keep done (ms), 3 keep done (number), 4 keep failed (ms), 5 deaths before a job is
--   failed, 6 how long an idle consumer sleeps (ms), 7 token of the leases to give, 8 want, then settlements:
--   'd' id token                      done
--   'f' id token reason traceback     failed
--   'r' id token delay message        to be tried again after `delay` ms
--   'p' id token delay                postponed by `delay` ms, no attempt counted
--   'h' id token                      handed back unstarted, to its old place
-- Returns: ms until something is due (-1: nothing known), then of each leased job the length of its message
--   ('!': its worker vanished before) and its id, those messages joined, ids whose lease had passed on.
local lease, keep_done, keep_number, keep_failed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local deaths_allowed, nap, token, want = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local refused, settled, done = {}, {}, {}
local retried, failed, ripe = 0, 0, 0

-- Not only tidying: a server at `maxmemory` refuses a script's first write if it could grow memory, and
-- none after it. Starting with one that cannot lets workers drain a full server.
call('ZREMRANGEBYSCORE', DONE, '-inf', now - keep_done)

local function back_to_ready(id, delay, fields)
    if delay > 0 then
        call('ZADD', DELAYED, now + delay, id)
        call('HSET', JOB .. id, 'state', 'delayed', 'due', now + delay, unpack(fields))
    else
        put_ready(id, call('HGET', JOB .. id, 'priority'))
        call('HSET', JOB .. id, 'state', 'waiting', unpack(fields))
        ripe = ripe + 1
    end
end

local i = 9
while i <= #ARGV do
    local kind, id, held = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local key = JOB .. id
    local job = call('HMGET', key, 'lease', 'state', 'unique', 'remove')
    local mine = job[1] == held
    -- A settlement repeated because its reply was lost finds its token but no active job: nothing to do.
    local fresh = mine and job[2] == 'active'
    if not mine then
        refused[#refused + 1] = id
    end
    if kind == 'd' then
        if fresh then
            settled[#settled + 1] = id
            free_unique(job[3], id)
            if job[4] then
                -- The bare record outlives any repeated send of the same message.
                call('DEL', key)
                call('HSET', key, 'state', 'removed', 'lease', held)
                call('PEXPIRE', key, math.min(keep_done, 60000))
            else
                call('HSET', key, 'state', 'done', 'finished', now)
                call('PEXPIRE', key, keep_done)
                done[#done + 1] = now
                done[#done + 1] = id
            end
        end
        i = i + 3
    elseif kind == 'f' then
        if fresh then
            call('ZREM', ACTIVE, id)
            bury(id, FAILED, 'failed', keep_failed, ARGV[i + 3], ARGV[i + 4])
            failed = failed + 1
        end
        i = i + 5
    elseif kind == 'r' then
        if fresh then
            call('ZREM', ACTIVE, id)
            back_to_ready(id, tonumber(ARGV[i + 3]), {'message', ARGV[i + 4]})
            call('HINCRBY', key, 'retries', 1)
            retried = retried + 1
        end
        i = i + 5
    elseif kind == 'p' then
        if fresh then
            call('ZREM', ACTIVE, id)
            back_to_ready(id, tonumber(ARGV[i + 3]), {})
        end
        i = i + 4
    else
        if fresh then
            call('ZREM', ACTIVE, id)
            call('ZADD', READY, call('HGET', key, 'place'), id)
            call('HSET', key, 'state', 'waiting')
            ripe = ripe + 1
        end
        i = i + 3
    end
end
if #settled > 0 then
    call('ZREM', ACTIVE, unpack(settled))
    call('HINCRBY', META, 'done', #settled)
end
if #done > 0 then
    call('ZADD', DONE, unpack(done))
    call('PEXPIRE', DONE, keep_done)
    local over = call('ZCARD', DONE) - keep_number
    if over > 0 then
        local oldest = call('ZPOPMIN', DONE, math.min(over, 500))
        for j = 1, #oldest, 2 do
            call('UNLINK', JOB .. oldest[j])
        end
    end
end
if failed > 0 then
    call('HINCRBY', META, 'failed', failed)
end
if retried > 0 then
    call('HINCRBY', META, 'retried', retried)
end

-- In order of their due times, so that within a priority the one due first runs first.
local due = call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, 200)
if #due > 0 then
    call('ZREM', DELAYED, unpack(due))
    for _, id in ipairs(due) do
        local priority = call('HGET', JOB .. id, 'priority')
        if call('EXISTS', JOB .. id) == 1 then
            put_ready(id, priority)
            call('HSET', JOB .. id, 'state', 'waiting')
            ripe = ripe + 1
        end
    end
end

local lost = call('ZRANGEBYSCORE', ACTIVE, '-inf', now, 'LIMIT', 0, 100)
if #lost > 0 then
    call('ZREM', ACTIVE, unpack(lost))
    for _, id in ipairs(lost) do
        local key = JOB .. id
        local job = call('HMGET', key, 'place', 'lease', 'begun', 'deaths', 'suspect')
        if job[2] then
            -- Whether its worker had started it is known only from the second run on (see begin.lua); the
            -- first loss counts as a death once a later one is certain.
            local deaths = tonumber(job[4] or '0')
            local certain = job[3] == job[2]
            if certain then
                deaths = deaths + 1
            end
            if certain and deaths + (job[5] and 1 or 0) >= deaths_allowed then
                call('HSET', key, 'lease', '', 'deaths', deaths)
                bury(id, FAILED, 'failed', keep_failed, 'WorkerDied: the worker running this job died ' .. deaths_allowed .. ' times')
                call('HINCRBY', META, 'failed', 1)
            else
                call('HSET', key, 'state', 'waiting', 'lease', '', 'suspect', 1, 'deaths', deaths)
                call('ZADD', READY, job[1], id)
                ripe = ripe + 1
            end
        end
    end
    call('HINCRBY', META, 'recovered', #lost)
end

local heads, messages, leased, popped = {}, {}, {}, {}
if want > 0 and call('EXISTS', PAUSED) == 0 then
    popped = call('ZPOPMIN', READY, want)
    for j = 1, #popped, 2 do
        local id = popped[j]
        local key = JOB .. id
        local job = call('HMGET', key, 'message', 'suspect')
        if job[1] then
            call('HSET', key, 'state', 'active', 'lease', token, 'started', now, 'place', popped[j + 1])
            leased[#leased + 1] = now + lease
            leased[#leased + 1] = id
            heads[#heads + 1] = #job[1] .. (job[2] and '! ' or ' ') .. id
            messages[#messages + 1] = job[1]
        end
    end
    if #leased > 0 then
        call('ZADD', ACTIVE, unpack(leased))
    end
end

local full = #popped >= 2 * want
local waiting = (full or ripe > 0) and call('ZCARD', READY) or 0
local next_event = -1
local head = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
if head[2] then
    next_event = math.max(0, tonumber(head[2]) - now)
end
if waiting > 0 then
    wake(waiting)
elseif full and want > 0 and next_event >= 0 and next_event < nap then
    -- This consumer may be busy for long: another must watch for the next due job.
    wake(1)
elseif not full then
    call('DEL', WAKE)
    head = call('ZRANGE', ACTIVE, 0, 0, 'WITHSCORES')
    if head[2] then
        local runs_out = math.max(1, tonumber(head[2]) - now)
        next_event = next_event < 0 and runs_out or math.min(next_event, runs_out)
    end
end
return {next_event, table.concat(heads, ' '), table.concat(messages), table.concat(refused, ' ')}
