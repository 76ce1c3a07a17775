-- Writes what became of jobs into Kue's keys and publishes it, each thing once however often it is told.
-- ARGV: a JSON object a job:
--   id         message id
--   started    when its last run began (ms), if one has that did not fail
--   tries      how many runs failed and were followed by another
--   failures   the last of those: {when it began (ms, 0 if that is not known), message, text}
--   log        the last lines that it logged: {when (ms), text}
--   progress   whole percent; progress_data: JSON
--   ended      'complete' or 'failed'; at: when (ms); duration: ms, of its last run
--   result     JSON
--   message, text   why it failed, in short and in full
-- Returns for each: 'told' (or nothing to tell), 'gone' (Kue has it no more, or it is somebody else's by now: it stays
-- noted until forget.lua). Of what is not noted here nothing is known: it may be of another Kue with the same prefix.
local function text(value)
    return cjson.encode(value or '')
end

-- Kue's users hear that a job's own time was over before they hear that it failed.
local function failure(id, key, at, message, full)
    if string.match(full, '^TimeLimitExceeded') and (call('HGET', key, 'ttl') or '') ~= '' then
        publish(id, 'ttl exceeded', '')
    end
    call('HSET', key, 'error', full, 'failed_at', at, 'updated_at', stamp)
    call('RPUSH', key .. ':log', string.match(full, '^[^\n]*'))
    publish(id, 'error', ',' .. text(full))
end

-- As in Kue, no more attempts are counted than the job may have.
local function attempted(key)
    local row = call('HMGET', key, 'attempts', 'max_attempts')
    local made = tonumber(row[1] or '') or 0
    if made < (tonumber(row[2] or '') or 1) then
        made = made + 1
        call('HSET', key, 'attempts', string.format('%.0f', made))
    end
    return made
end

local function enter(id, kind, from, to)
    local member = member_of(id)
    call('ZREM', of_state(from), member)
    call('ZREM', of_type(kind, from), member)
    call('HSET', JOB .. id, 'state', to, 'updated_at', stamp)
    if to == 'active' then
        enter_active(id, kind)
    else
        local priority = string.format('%.17g', priority_of(id))
        call('ZADD', of_state(to), priority, member)
        call('ZADD', of_type(kind, to), priority, member)
    end
end

local function close(message_id)
    call('ZREM', HELD, message_id)
    call('ZREM', TAKEN, message_id)
end

local function remove(id, kind)
    local member = member_of(id)
    call('ZREM', of_state('complete'), member)
    call('ZREM', of_type(kind, 'complete'), member)
    call('ZREM', JOBS, member)
    call('DEL', JOB .. id .. ':log', JOB .. id)
    publish(id, 'remove', ',' .. text(kind))
end

local function complete(job, id, key, kind)
    call('HSET', key, 'progress', 100, 'duration', string.format('%.0f', job.duration))
    if job.result then
        call('HSET', key, 'result', job.result)
    end
    enter(id, kind, 'active', 'complete')
    attempted(key)
    try('INCRBY', BASE .. 'stats:work-time', string.format('%.0f', job.duration))
    publish(id, 'complete', ',' .. (job.result or 'null') .. ',null')
    if (call('HGET', key, 'removeOnComplete') or '') ~= '' then
        remove(id, kind)
    end
end

local function fail(job, id, key, kind)
    failure(id, key, string.format('%.0f', job.at), job.message, job.text)
    enter(id, kind, 'active', 'failed')
    attempted(key)
    publish(id, 'failed', ',' .. text(job.message) .. ',null')
end

-- A run has one beginning, also if the worker was lost that began it and another began it anew.
local function start(id, key, kind, run, began)
    if run <= (tonumber(call('HGET', key, 'osmod_run') or '') or 0) then
        return
    end
    call('HSET', key, 'osmod_run', string.format('%.0f', run), 'updated_at', stamp)
    if began > 0 then
        call('HSET', key, 'started_at', string.format('%.0f', began))
    end
    publish(id, 'start', ',' .. text(kind) .. ',null')
end

local function retries(job, id, key, kind)
    local told = tonumber(call('HGET', key, 'osmod_tries') or '') or 0
    for run = told + 1, job.tries do
        local last = job.failures[#job.failures - job.tries + run] or {0, 'It failed.', 'It failed.'}
        start(id, key, kind, run, last[1])
        failure(id, key, stamp, last[2], last[3])
        publish(id, 'failed attempt', ',' .. text(last[2]) .. string.format(',%.0f', attempted(key)))
        call('HSET', key, 'osmod_tries', string.format('%.0f', run))
    end
end

local function log(key, lines)
    local told = tonumber(call('HGET', key, 'osmod_logged') or '') or 0
    local last = told
    for _, line in ipairs(lines) do
        if line[1] > told then
            call('RPUSH', key .. ':log', line[2])
            last = line[1]
        end
    end
    if last > told then
        call('HSET', key, 'osmod_logged', string.format('%.0f', last), 'updated_at', stamp)
    end
end

local function gone(message_id)
    return (call('ZSCORE', HELD, message_id) or call('ZSCORE', TAKEN, message_id)) and 'gone' or 'told'
end

local function tell(job)
    local id, number, created = parts_of(job.id)
    local key = JOB .. id
    local row = call('HMGET', key, 'type', 'state', 'osmod_claim', 'workerId', 'osmod_ended', 'progress', 'created_at')
    local kind, state, ended = row[1], row[2], tonumber(row[5] or '')
    local same = row[3] == number and created_of(row[7]) == created
    if not kind or not state or not same or not is_ours(row[4]) then
        return gone(job.id)
    end
    if state ~= 'active' then
        -- Somebody had it run again here.
        if not (ended and job.started and job.started > ended) then
            if not ended then
                return gone(job.id)
            end
            close(job.id)
            return 'told'
        end
        enter(id, kind, state, 'active')
        call('HDEL', key, 'osmod_ended', 'osmod_tries', 'osmod_run')
        call('ZADD', HELD, stamp, job.id)
    end
    retries(job, id, key, kind)
    if job.started then
        start(id, key, kind, job.tries + 1, job.started)
    end
    if #job.log > 0 then
        log(key, job.log)
    end
    if job.progress and string.format('%.0f', job.progress) ~= row[6] and not job.ended then
        local share = string.format('%.0f', job.progress)
        call('HSET', key, 'progress', share, 'updated_at', stamp)
        if job.progress_data then
            call('HSET', key, 'progress_data', job.progress_data)
        end
        publish(id, 'progress', ',' .. share .. ',' .. (job.progress_data or 'null'))
    end
    if job.ended then
        call('HSET', key, 'osmod_ended', string.format('%.0f', job.at))
        close(job.id)
        if job.ended == 'complete' then
            complete(job, id, key, kind)
        else
            fail(job, id, key, kind)
        end
    end
    return 'told'
end

work_when_full()
local answers = {}
for i = 1, #ARGV do
    answers[i] = tell(cjson.decode(ARGV[i]))
end
return answers
