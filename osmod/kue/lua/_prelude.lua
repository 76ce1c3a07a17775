-- Stands before every script that works on Kue's keys: their names, the clock, and how a job is claimed.
--
-- KEYS[1] is Kue's prefix with the colon behind it. Every other key is made from it, but for Kue's own locks.
local call, try = redis.call, redis.pcall
local BASE = KEYS[1]
local JOB, JOBS, EVENTS = BASE .. 'job:', BASE .. 'jobs', BASE .. 'events'
-- Ours: message ids that were taken and may not be stored yet, and those that are and whose end was not told.
local TAKEN, HELD, COUNTS = BASE .. 'osmod:taken', BASE .. 'osmod:held', BASE .. 'osmod:counts'

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stamp = string.format('%.0f', now) -- for commands, which write every number out anew

local function of_state(state)
    return BASE .. 'jobs:' .. state
end

local function of_type(kind, state)
    return BASE .. 'jobs:' .. kind .. ':' .. state
end

local function member_of(id)
    return string.format('%02d|%s', #id, id)
end

-- The id in a member of Kue's sorted sets; nil if Kue did not write it.
local function id_in(member)
    return string.match(member, '^%d+|(%d+)$')
end

-- Of a message id: the job's id in Kue, the number of the claim, and when the job was made.
local function parts_of(message_id)
    local id, created, claim = string.match(message_id, '(%d+):(%d+):(%d+)$')
    return id, claim, created
end

-- When a job was made, of its hash, as it stands in message ids: what tells it from one of the same id in a Redis that
-- was emptied meanwhile.
local function created_of(text)
    return string.match(text or '', '^%d+$') or '0'
end

-- The id under which a job is sent here: `number` is that of its claim, `created` its field of that name.
local function message_of(id, created, number)
    return string.format('kue:%s%s:%s:%s', BASE, id, created_of(created), number)
end

-- Whether a job's `workerId` is a bridge's.
local function is_ours(worker)
    return string.sub(worker or '', 1, 6) == 'osmod:'
end

-- Fields of a job's hash; none if there is no such job, or something else in its place.
local function fields_of(id, ...)
    local row = id and try('HMGET', JOB .. id, ...) or {}
    return row.err and {} or row
end

-- The types in ARGV from one place on.
local function types_from(place)
    local types = {}
    for i = place, #ARGV do
        types[ARGV[i]] = true
    end
    return types
end

-- A server at `maxmemory` refuses a script's first write if it could grow memory, and none after it. A script that
-- ends jobs makes this its first, which grows nothing and changes nothing.
local function work_when_full()
    call('HDEL', COUNTS, '')
end

-- What a message is made of, as osmod.kue.jobs reads it.
local FIELDS = {'type', 'created_at', 'data', 'priority', 'ttl', 'attempts', 'max_attempts', 'backoff', 'delay'}

-- An answer is complete with the job by which it has so many bytes: it must arrive while it is waited for.
local MOST_BYTES = 4000000

-- The bytes of what is large in a job's fields.
local function size_of(row)
    return #row[3]
end

local function described(message_id, id)
    local row = call('HMGET', JOB .. id, unpack(FIELDS))
    for i = 1, #FIELDS do
        row[i] = row[i] or ''
    end
    row[#row + 1] = message_id
    return row
end

-- Kue's order: a job's priority, of which anything may have been made. Where it is a score in the set of all active
-- jobs it is no higher than 0: above 100000 Kue takes it for the moment at which the job has run for too long.
local function priority_of(id)
    local priority = tonumber(call('HGET', JOB .. id, 'priority') or '') or 0
    return priority == priority and priority or 0
end

local function enter_active(id, kind)
    local member, priority = member_of(id), priority_of(id)
    call('ZADD', of_state('active'), string.format('%.17g', -math.abs(priority)), member)
    call('ZADD', of_type(kind, 'active'), string.format('%.17g', priority), member)
end

-- Takes a job for us that is in `state`. A job that comes again has a number of its own, and thus a message id.
local function claim(id, kind, state, worker)
    local key, member = JOB .. id, member_of(id)
    local number = string.format('%.0f', (tonumber(call('HGET', key, 'osmod_claim') or '') or 0) + 1)
    local message_id = message_of(id, call('HGET', key, 'created_at'), number)
    call('ZADD', TAKEN, stamp, message_id)
    call('HSET', key, 'osmod_claim', number)
    call('HDEL', key, 'osmod_run', 'osmod_tries', 'osmod_logged', 'osmod_ended')
    call('ZREM', of_state(state), member)
    call('ZREM', of_type(kind, state), member)
    enter_active(id, kind)
    call('HSET', key, 'state', 'active', 'workerId', worker, 'updated_at', stamp)
    return described(message_id, id)
end

-- Kue's clients hear of it: `arguments` is JSON, with a comma before it.
local function publish(id, event, arguments)
    call('PUBLISH', EVENTS, string.format('{"id":%s,"event":"%s","args":["%s"%s]}', id, event, event, arguments))
end

-- A worker of Kue's sleeps until there is a `1` for it. There are no more of them than jobs to wake for.
local function trim_bells(kind)
    local bell, waiting = BASE .. kind .. ':jobs', call('ZCARD', of_type(kind, 'inactive'))
    if waiting == 0 then
        call('DEL', bell)
    elseif call('LLEN', bell) > waiting then
        call('LTRIM', bell, 0, waiting - 1)
    end
end
