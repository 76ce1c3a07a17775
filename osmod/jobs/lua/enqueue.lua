-- Stores jobs, each once however often it is sent.
--
-- ARGV: three a job: id, message, terms. Terms are '' or, with a space between, priority, delay and extra:
--   priority: a number, lower runs first; 0 without terms
--   delay: '' for at once, 'd<ms>' from now, 'a<ms>' at that moment of the epoch
--   extra: '' or JSON: unique (key), unique_ttl (ms), unique_until (done, started, period), remove
--     (truthy: no record after completion), index (argument's name → number by which the job is found)
-- Returns the number of jobs if all were stored, or else for each: 1 stored, 0 already known by its id, or the
-- id of the job that holds its unique key.
local answers, all_stored, ready, delayed, indexed = {}, true, {}, {}, {}

local function to_index(name, score, id)
    local entries = indexed[name]
    if not entries then
        entries = {}
        indexed[name] = entries
    end
    entries[#entries + 1] = score
    entries[#entries + 1] = id
end

-- Takes the key for a job, or says which one has it. A key kept for a period stands without its job, which is
-- marked by '@'; any other counts for as long as there is its job.
local function take_unique(extra, id, delay)
    local lock, period = UNIQUE .. extra.unique, extra.unique_until == 'period'
    local holder = call('GET', lock)
    if holder and string.sub(holder, 1, 1) == '@' then
        return string.sub(holder, 2)
    elseif holder and call('EXISTS', JOB .. holder) == 1 then
        return holder
    end
    local wait = 0
    if delay ~= '' and not period then
        wait = tonumber(string.sub(delay, 2)) - (string.sub(delay, 1, 1) == 'a' and now or 0)
    end
    call('SET', lock, (period and '@' or '') .. id, 'PX', string.format('%.0f', extra.unique_ttl + math.max(0, wait)))
end

for i = 1, #ARGV, 3 do
    local id, message, priority, delay, extra = ARGV[i], ARGV[i + 1], '0', '', ''
    if ARGV[i + 2] ~= '' then
        priority, delay, extra = string.match(ARGV[i + 2], '^(%S+) (%S*) (.*)$')
    end
    local key = JOB .. id
    local answer = 1
    if call('EXISTS', key) == 1 then
        answer = 0
    elseif extra ~= '' then
        extra = cjson.decode(extra)
        if extra.unique then
            local holder = take_unique(extra, id, delay)
            if holder then
                answer = holder
            elseif extra.unique_until ~= 'period' then
                call('HSET', key, 'unique', extra.unique, 'unique_ttl', extra.unique_ttl, 'special', 1)
                if extra.unique_until == 'started' then
                    call('HSET', key, 'unique_until', 'started')
                end
            end
        end
        if answer == 1 and extra.remove then
            call('HSET', key, 'remove', 1, 'special', 1)
        end
        if answer == 1 and extra.index then
            for name, number in pairs(extra.index) do
                to_index('argument:' .. name, number, id)
            end
        end
    end
    if answer == 1 then
        local due = now
        if delay ~= '' then
            due = tonumber(string.sub(delay, 2))
            if string.sub(delay, 1, 1) == 'd' then
                due = due + now
            end
        end
        if priority ~= '0' then
            call('HSET', key, 'priority', priority)
        end
        if due > now then
            call('HSET', key, 'message', message, 'state', 'delayed', 'created', stamp, 'due', due)
            delayed[#delayed + 1] = due
            delayed[#delayed + 1] = id
        else
            call('HSET', key, 'message', message, 'state', 'waiting', 'created', stamp)
            ready[#ready + 1] = tonumber(priority) * PRIORITY_STEP
            ready[#ready + 1] = id
        end
        local actor = string.match(message, '"actor_name":"([^"]*)"')
        if actor then
            to_index('actor:' .. actor, stamp, id)
        end
        emit('enqueued', id)
    end
    answers[#answers + 1] = answer
    all_stored = all_stored and answer == 1
end

local count = #ready / 2
if count > 0 then
    local last = arrivals(count)
    for i = 1, count do
        ready[2 * i - 1] = ready[2 * i - 1] + last - count + i
    end
    call('ZADD', READY, unpack(ready))
    wake(count)
end
if #delayed > 0 then
    local head = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
    local soonest = delayed[1]
    for i = 3, #delayed, 2 do
        soonest = math.min(soonest, delayed[i])
    end
    call('ZADD', DELAYED, unpack(delayed))
    -- Idle consumers sleep until the head they knew is due: one must learn of a nearer one.
    if not head[2] or soonest < tonumber(head[2]) then
        wake(1)
    end
end
for name, entries in pairs(indexed) do
    put_in_index(name, entries)
end
return all_stored and #answers or answers
