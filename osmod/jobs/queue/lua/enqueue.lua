-- Stores jobs, each once however often it is sent.
--
-- ARGV: three a job: id, message, terms. Terms are '' or, with a space between, priority, delay and extra:
--   priority: a number, lower runs first; 0 without terms
--   delay: '' for at once, 'd<ms>' from now, 'a<ms>' at that moment of the epoch
--   extra: '' or JSON: unique (key), unique_ttl (ms), unique_until (done, started, period), remove or keep
--     (truthy: no record after completion, or one; without either the worker decides), index (argument's name →
--     number by which the job is found)
-- Returns the number of jobs if all were stored, or else for each: 1 stored, 0 already known by its id, or the
-- id of the job that holds its unique key.
--
-- Everything is read, decoded and computed before the first write, which is the one that a server may refuse.
local LATEST, LAST_PRIORITY = 253402300799999, 2000 -- as in osmod.jobs.messages.bounds and osmod.jobs.messages.options
local answers, all_stored, new, met, taken = {}, true, {}, {}, {}
local ready, delayed, indexed = {}, {}, {}

local function to_index(name, score, id)
    local entries = indexed[name]
    if not entries then
        entries = {}
        indexed[name] = entries
    end
    entries[#entries + 1] = score
    entries[#entries + 1] = id
end

-- The job that has a unique key, if one has. A key kept for a period stands without its job, which is marked by
-- '@'; any other counts for as long as there is its job.
local function holder_of(lock)
    local holder = taken[lock] or call('GET', lock)
    if holder and string.sub(holder, 1, 1) == '@' then
        return string.sub(holder, 2)
    end
    return holder and (taken[lock] or call('EXISTS', JOB .. holder) == 1) and holder
end

local function due_at(delay)
    if delay == '' then
        return now
    end
    local due = tonumber(string.sub(delay, 2))
    return math.min(LATEST, string.sub(delay, 1, 1) == 'd' and due + now or due)
end

-- What a job's extra terms ask for, written into `job`. Returns the id of whoever has its unique key.
local function read_extra(job, extra)
    if extra.unique then
        local lock, period = UNIQUE .. extra.unique, extra.unique_until == 'period'
        local holder = holder_of(lock)
        if holder then
            return holder
        end
        job.lock, job.holder = lock, (period and '@' or '') .. job.id
        job.lock_ttl = span(extra.unique_ttl + (period and 0 or math.max(0, job.due - now)))
        taken[lock] = job.holder
        if not period then
            job.fields = {'special', 1, 'unique', extra.unique, 'unique_ttl', span(extra.unique_ttl)}
            if extra.unique_until == 'started' then
                job.fields[7], job.fields[8] = 'unique_until', 'started'
            end
        end
    end
    job.remove, job.keep = extra.remove, extra.keep
    for name, number in pairs(extra.index or {}) do
        to_index('argument:' .. name, tonumber(number) or 0, job.id)
    end
end

for i = 1, #ARGV, 3 do
    local id, terms, answer = ARGV[i], ARGV[i + 2], 1
    if met[id] or call('EXISTS', JOB .. id) == 1 then
        answer = 0
    else
        local job = {id = id, message = ARGV[i + 1], due = now}
        local score = 0
        if terms ~= '' then
            local priority, delay, extra = string.match(terms, '^(%S+) (%S*) (.*)$')
            job.due = due_at(delay)
            if priority ~= '0' then
                job.priority = priority
                score = math.max(-LAST_PRIORITY, math.min(LAST_PRIORITY, tonumber(priority))) * PRIORITY_STEP
            end
            answer = extra ~= '' and read_extra(job, cjson.decode(extra)) or 1
        end
        if answer == 1 then
            met[id] = true
            new[#new + 1] = job
            local line = job.due > now and delayed or ready
            line[#line + 1] = job.due > now and job.due or score
            line[#line + 1] = id
            local actor = string.match(job.message, '"actor_name":"([^"]*)"')
            if actor then
                to_index('actor:' .. actor, stamp, id)
            end
        end
    end
    answers[#answers + 1] = answer
    all_stored = all_stored and answer == 1
end
local head = #delayed > 0 and call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')

-- From here on it is written.
local count = #ready / 2
if count > 0 then
    local last = arrivals(count)
    for i = 1, count do
        ready[2 * i - 1] = ready[2 * i - 1] + last - count + i
    end
    call('ZADD', READY, unpack(ready))
end
if #delayed > 0 then
    call('ZADD', DELAYED, unpack(delayed))
end
for _, job in ipairs(new) do
    local key = JOB .. job.id
    if job.due > now then
        call('HSET', key, 'message', job.message, 'state', 'delayed', 'created', stamp, 'due', job.due)
    else
        call('HSET', key, 'message', job.message, 'state', 'waiting', 'created', stamp)
    end
    if job.priority then
        call('HSET', key, 'priority', job.priority)
    end
    if job.lock then
        call('SET', job.lock, job.holder, 'PX', job.lock_ttl)
    end
    if job.fields then
        call('HSET', key, unpack(job.fields))
    end
    if job.remove or job.keep then
        call('HSET', key, job.remove and 'remove' or 'keep', 1, 'special', 1)
    end
    emit('enqueued', job.id)
end
for name, entries in pairs(indexed) do
    put_in_index(name, entries)
end
if count > 0 then
    wake(count)
end
if head then
    local soonest = delayed[1]
    for i = 3, #delayed, 2 do
        soonest = math.min(soonest, delayed[i])
    end
    -- Idle consumers sleep until the head they knew is due: one must learn of a nearer one.
    if not head[2] or soonest < tonumber(head[2]) then
        wake(1)
    end
end
return all_stored and #answers or answers
