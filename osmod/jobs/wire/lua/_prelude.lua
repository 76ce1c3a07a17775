-- Stands before every script of the queue: the keys, the clock and the moves that several scripts share.
--
-- KEYS[1] is the queue's prefix, `namespace:{queue}:`. Every other key is made from it, so all of them
-- carry the same hash tag and live in one slot of a Redis Cluster.
local call, try = redis.call, redis.pcall
local BASE = KEYS[1]
local READY, DELAYED, ACTIVE = BASE .. 'ready', BASE .. 'delayed', BASE .. 'active'
local DONE, FAILED, CANCELLED = BASE .. 'done', BASE .. 'failed', BASE .. 'cancelled'
local WAKE, META, PAUSED, JOB, UNIQUE = BASE .. 'wake', BASE .. 'meta', BASE .. 'paused', BASE .. 'job:', BASE .. 'unique:'

local PRIORITY_STEP = 2199023255552 -- 2^41 arrivals fit between two priorities
local META_TTL = 90 * 86400000      -- an abandoned queue's counters go after this long
local WAKE_TTL = 86400000
local WAKE_LIMIT = 16               -- idle consumers woken by one call at most; each wakes the next
local LONGEST = 3155760000000       -- a hundred years, as in osmod.jobs.messages.bounds

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stamp = string.format('%.0f', now) -- for commands, which write every number out anew

-- A server at `maxmemory` refuses a script's first write if it could grow memory, and none after it. A script
-- that must work on a full server makes this its first, which grows nothing and changes nothing.
local function work_when_full()
    call('DEL', BASE .. 'none')
end

-- A length of time as PEXPIRE and PX take it: they stop a script for a number that is broken or too large.
local function span(ms)
    return string.format('%.0f', math.max(1, math.min(LONGEST, tonumber(ms) or LONGEST)))
end

-- Statistics stop no script between its writes.
local function tally(counter, count)
    try('HINCRBY', META, counter, count)
end

-- Notes that the server heard of somebody. Leases that ran out while it heard of nobody say nothing: it stood
-- still or was cut off itself, and their holders are given a moment to report. `lost` says whether there are
-- such leases; returns for how many milliseconds they are left alone.
local function grace_after_silence(lease, lost)
    local silent = now - (tonumber(call('HGET', META, 'heard')) or 0)
    -- A busy queue need not write it down every time.
    if silent > lease / 16 and call('HSET', META, 'heard', stamp) == 1 then
        call('PEXPIRE', META, META_TTL)
    end
    if not lost then
        return 0
    end
    if silent <= lease / 2 then
        return math.max(0, (tonumber(call('HGET', META, 'grace')) or 0) - now)
    end
    -- Longer than a heartbeat that waits in vain for an answer takes until it tries again, see osmod.jobs.queue.leases.
    local grace = math.max(2000, lease / 3, math.min(lease, 7000))
    call('HSET', META, 'grace', string.format('%.0f', now + grace))
    return grace
end

-- The next `count` arrival numbers end at the returned one.
local function arrivals(count)
    local last = call('HINCRBY', META, 'arrivals', count)
    call('PEXPIRE', META, META_TTL)
    return last
end

-- Scripts that move jobs look at every set first: whatever is not what it should be raises here, where nothing
-- is half done yet.
local function look_first()
    work_when_full()
    for _, set in ipairs({READY, DELAYED, ACTIVE, DONE, FAILED, CANCELLED}) do
        call('ZCARD', set)
    end
    arrivals(0)
end

-- Wakes up to `count` idle consumers. A paused queue wakes nobody.
local function wake(count)
    if call('LLEN', WAKE) == 0 and call('EXISTS', PAUSED) == 0 then
        for _ = 1, math.min(count, WAKE_LIMIT) do
            call('RPUSH', WAKE, 1)
        end
        call('PEXPIRE', WAKE, WAKE_TTL)
    end
end

local function free_unique(key, id)
    if key and try('GET', UNIQUE .. key) == id then
        call('DEL', UNIQUE .. key)
    end
end

-- A job that lines up again has its unique key for as long as it may wait. A key that lasts until the job starts
-- was freed by the start: it is taken again, unless another job has it by now.
local function hold_unique(id, wait)
    local job = call('HMGET', JOB .. id, 'unique', 'unique_ttl', 'unique_until')
    if job[1] then
        local lock, ttl = UNIQUE .. job[1], span((tonumber(job[2]) or 0) + wait)
        if job[3] then
            call('SET', lock, id, 'PX', ttl, 'NX')
        elseif try('GET', lock) == id then
            call('PEXPIRE', lock, ttl)
        end
    end
end

-- Puts a job that is in no set behind all others of its priority.
local function put_ready(id, priority)
    call('ZADD', READY, (tonumber(priority) or 0) * PRIORITY_STEP + arrivals(1), id)
end

-- Indexes by which jobs are found (see osmod.jobs.records.indexes) are sorted sets of ids whose jobs may be gone. What
-- is gone is met by drawing lots: one entry in 64 draws, and draws on while a good part of what it drew was
-- gone, up to two ids for each entry made. So an index stays at most about half dead, whatever comes.
local function sweep_index(index, rounds)
    for _ = 1, rounds do
        local ids, keys, gone = call('ZRANDMEMBER', index, 16), {}, {}
        for i, id in ipairs(ids) do
            keys[i] = JOB .. id
        end
        if call('EXISTS', unpack(keys)) > #keys - 3 then
            return
        end
        for i, id in ipairs(ids) do
            if call('EXISTS', keys[i]) == 0 then
                gone[#gone + 1] = id
            end
        end
        call('ZREM', index, unpack(gone))
    end
end

-- `entries` are scores and ids, at most 500 of each. An index that cannot be written stops no script.
local function put_in_index(name, entries)
    local index = BASE .. 'index:' .. name
    local size = #entries / 2
    if type(try('ZADD', index, unpack(entries))) ~= 'number' then
        return
    end
    local draws = math.floor(size / 64) + (clock[2] % 64 < size % 64 and 1 or 0)
    if draws > 0 or call('ZCARD', index) == size then
        call('PEXPIRE', index, META_TTL)
        try('SADD', BASE .. 'indexes', name)
        call('PEXPIRE', BASE .. 'indexes', META_TTL)
        sweep_index(index, 8 * draws)
    end
end

-- The index of the jobs whose last run failed by the class of an error, such as 'ValueError: no such comment'.
local function index_of(reason)
    return 'error:' .. (string.match(reason, '^[%w_]+') or '')
end

-- Takes a job out of the index of the error by which its last run failed. (One that is done in a later run stays
-- there: it would cost every end of a run a look. Whoever reads an index looks at the job; sweep.lua drops it.)
local function forget_error(id)
    local reason = call('HGET', JOB .. id, 'error')
    if reason and reason ~= '' then
        try('ZREM', BASE .. 'index:' .. index_of(reason), id)
    end
end

-- Ends a job that is in no set. `keep` is in milliseconds, a number; `ran` is '' or ' <ms> <thread>', see exchange.lua.
local function bury(id, set, state, keep, reason, traceback, ran)
    local key = JOB .. id
    forget_error(id)
    call('HSET', key, 'state', state, 'finished', stamp .. (ran or ''), 'error', reason, 'traceback', traceback or '')
    call('PEXPIRE', key, span(keep))
    call('ZADD', set, stamp, id)
    call('PEXPIRE', set, span(keep))
    call('ZREMRANGEBYSCORE', set, '-inf', now - keep)
    free_unique(call('HGET', key, 'unique'), id)
    if state == 'failed' then
        put_in_index(index_of(reason), {stamp, id})
    end
end

-- Notes a run that is over of a job that is not, so that its story can be told (see osmod.jobs.records.story): `how`
-- it ended, its lease, ms until the next one, ' <ms> <thread>' as far as it is known, with when it ended before it if
-- that is not now, and why. A job's last runs are kept, some 8,000 bytes of them. What cannot be noted stops no script.
local PAST = 8000
local function note_run(id, how, held, delay, ran, reason)
    local job = try('HMGET', JOB .. id, 'past', 'started')
    local past = job[1] or ''
    if #past > PAST then
        past = string.match(past, '\n(.*)$', #past - PAST) or ''
    end
    local run = {how, job[2] or '', stamp, held or '', delay or '', ran or '', string.sub(reason or '', 1, 500)}
    try('HSET', JOB .. id, 'past', past .. cjson.encode(run) .. '\n')
end

-- Tells whoever watches the queue (see osmod.jobs.events) what happened to a job, with pairs of field and
-- value. While nobody watches, that is one look a script. News that cannot be written stop no script.
local WATCHED, EVENTS = BASE .. 'watched', BASE .. 'events'
local watched
local function emit(event, id, ...)
    if watched == nil then
        watched = call('EXISTS', WATCHED) == 1
    end
    if watched then
        local message = call('HGET', JOB .. id, 'message') or ''
        local actor = string.match(message, '"actor_name":"([^"]*)"') or ''
        try('XADD', EVENTS, 'MAXLEN', '~', 10000, '*', 'event', event, 'job', id, 'actor', actor, ...)
        call('PEXPIRE', EVENTS, 3600000)
    end
end

-- Ends a job that is in no set if it was asked to stop while it ran. True if it was.
local function stopped(id, keep)
    local by = call('HGET', JOB .. id, 'cancel')
    if by then
        bury(id, CANCELLED, 'cancelled', keep, 'Cancelled: by ' .. by)
        call('ZREM', BASE .. 'cancelling', id)
        tally('cancelled', 1)
        emit('cancelled', id)
    end
    return by
end
