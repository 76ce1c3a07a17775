-- Stands before the exchange, after the prelude: how a job that has not ended gets back into its queue.
--
-- How many came back to `ready`, and whether one was put off.
local ripe, put_off = 0, false

-- `why` a job waits stands with when it is due: beside any other due time it says nothing.
local function back_to_ready(id, delay, fields, why)
    delay = math.max(0, math.min(LONGEST, tonumber(delay) or 0))
    if delay > 0 then
        local due = string.format('%.0f', now + delay)
        put_off = true
        call('ZADD', DELAYED, due, id)
        call('HSET', JOB .. id, 'state', 'delayed', 'due', due, unpack(fields))
        if why and why ~= '' then
            call('HSET', JOB .. id, 'why', due .. ' ' .. why)
        end
    else
        put_ready(id, call('HGET', JOB .. id, 'priority'))
        call('HSET', JOB .. id, 'state', 'waiting', unpack(fields))
        ripe = ripe + 1
    end
    hold_unique(id, delay)
end

-- Back to where it stood in line, as if it had not been fetched.
local function back_in_place(id, place)
    if tonumber(place) then
        call('ZADD', READY, place, id)
    else
        put_ready(id, call('HGET', JOB .. id, 'priority'))
    end
    hold_unique(id, 0)
    ripe = ripe + 1
end

-- Has a job run again whose lease ran out, or fails it if its worker died with it too often.
local function recover(id, held, job, deaths_allowed, keep_failed)
    -- Whether its worker had started it is known only from the second run on (see begin.lua); the first loss
    -- counts as a death once a later one is certain.
    local deaths = tonumber(job[4]) or 0
    local certain = job[3] == held
    note_run(id, 'lost', held)
    if certain then
        deaths = deaths + 1
    end
    if certain and deaths + (job[5] and 1 or 0) >= deaths_allowed then
        call('HSET', JOB .. id, 'lease', '', 'deaths', deaths)
        bury(id, FAILED, 'failed', keep_failed, 'WorkerDied: the worker running this job died ' .. deaths_allowed .. ' times')
        tally('failed', 1)
        emit('failed', id, 'error', 'WorkerDied')
    else
        call('HSET', JOB .. id, 'state', 'waiting', 'lease', '', 'special', 1, 'suspect', 1, 'deaths', deaths)
        back_in_place(id, job[1])
    end
end
