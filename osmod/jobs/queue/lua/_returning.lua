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

-- Deaths, beside the first, at which a job is failed that was never quite alone, but the only suspect.
local MOST_DEATHS = 10

-- Has a job run again whose lease ran out, or fails it if its worker died with it alone. Whether it had been started is
-- known only from the second run on (see begin.lua); each death that met it for certain narrows the company in which
-- it runs again to the root of what that was, `most`; 0: to none at all.
local function recover(id, held, job, keep_failed)
    local deaths, most = tonumber(job[4]) or 0, tonumber(job[5])
    local token, company = string.match(job[3] or '', '^(.*) (%d+)$')
    note_run(id, 'lost', held)
    if token == held then
        deaths, company = deaths + 1, tonumber(company)
        if company == 0 or company == 1 and deaths >= MOST_DEATHS then
            call('HSET', JOB .. id, 'lease', '', 'deaths', deaths)
            bury(id, FAILED, 'failed', keep_failed, 'WorkerDied: the worker running this job died ' .. deaths + 1 .. ' times')
            tally('failed', 1)
            emit('failed', id, 'error', 'WorkerDied')
            return
        end
        most = company == 1 and 0 or math.min(most or company, math.floor(math.sqrt(company)))
    end
    call('HSET', JOB .. id, 'state', 'waiting', 'lease', '', 'special', 1, 'suspect', 1, 'deaths', deaths, 'most', most or '')
    back_in_place(id, job[1])
end

-- A job comes back from a run whose worker lived: if it was alone there, the next time it need not be.
local function acquit(id, token)
    local job = call('HMGET', JOB .. id, 'begun', 'most')
    if job[2] == '0' and job[1] == token .. ' 0' then
        call('HSET', JOB .. id, 'most', 1)
    end
end

-- What is due lines up behind all others of its priority; a job that waited for another company stands where it did.
local function put_due(id, job)
    local place = job[3] and job[3] ~= '' and tonumber(job[4])
    if place then
        place = (tonumber(job[2]) or 0) * PRIORITY_STEP + place % PRIORITY_STEP
        call('ZADD', READY, string.format('%.0f', place), id)
    else
        put_ready(id, job[2])
    end
end
