-- One round trip of a consumer: settles what it finished, promotes what is due, recovers what lost its
-- lease, and leases up to `want` jobs, in that order.
--
-- A lease is a member of the active set, the job's id and the lease's token with a space between: whoever
-- does not know the token cannot end, extend or take away the lease.
--
-- All that can be wrong with the queue's keys is found before the first write that counts.
--
-- ARGV: 1 lease (ms), 2 keep done (ms), 3 keep done (number), 4 keep failed (ms), 5 how long an idle
--   consumer sleeps (ms), 6 whether a done job that does not say leaves no record (1 or 0), 7 token of the leases
--   to give, 8 want, then settlements:
--   'd' id token ran                  done; ran is '' or ' <ms> <thread>'
--   'D' id token ran                  done; the job has a unique key, or says whether it is to be kept
--   'f' id token reason traceback ran failed
--   'r' id token delay message reason ran  to be tried again after `delay` ms; reason is '' if the run did not fail
--   'p' id token delay reason         postponed by `delay` ms, no attempt counted; reason may be ''
--   'h' id token                      handed back unstarted, to its old place
-- Returns: ms until there is something to do (-1: nothing known, 0: there was more than one call takes), then of each leased job the length of its message
--   and its id (behind the length '!' if its worker vanished before, with the company in which it may run, if that
--   is limited; '*' if it ends with 'D'), those messages joined, ids whose lease had passed on.
local MOST_BYTES = 4194304 -- of messages in one answer, unless a single one is longer
local lease, keep_done, keep_number, keep_failed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local nap, removing = tonumber(ARGV[5]), ARGV[6] == '1'
local token, want = ARGV[7], tonumber(ARGV[8])
local done_ttl, bare_ttl = ARGV[2], span(math.min(keep_done, 60000))
local refused, settled, done, removed = {}, {}, {}, 0
local retried, failed = 0, 0

local EXTRAS = {d = 1, D = 1, h = 0, p = 2, f = 3, r = 4}
local at, moves = {}, false
local i = 9
while i <= #ARGV do
    local kind = ARGV[i]
    at[#at + 1] = i
    settled[#settled + 1] = ARGV[i + 1] .. ' ' .. ARGV[i + 2]
    moves = moves or (kind ~= 'd' and kind ~= 'D')
    i = i + 3 + EXTRAS[kind]
end

-- The first write is one that a full server does not refuse (see `work_when_full`).
call('ZREMRANGEBYSCORE', DONE, '-inf', now - keep_done)
local due = call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, 200)
local lost = call('ZRANGEBYSCORE', ACTIVE, '-inf', now, 'LIMIT', 0, 100)
local grace = grace_after_silence(lease, #lost > 0)
if grace > 0 then
    lost = {}
end
if moves or #due > 0 or #lost > 0 then
    look_first()
end

local function keep(id, ran)
    local key = JOB .. id
    call('HSET', key, 'state', 'done', 'finished', stamp .. ran)
    call('PEXPIRE', key, done_ttl)
    done[#done + 1] = stamp
    done[#done + 1] = id
end

-- The bare record outlives any repeated send of the same message.
local function remove(id, held)
    local key = JOB .. id
    call('DEL', key)
    call('HSET', key, 'state', 'removed', 'lease', held)
    call('PEXPIRE', key, bare_ttl)
    removed = removed + 1
end

if #settled > 0 then
    local all_held = call('ZREM', ACTIVE, unpack(settled)) == #settled
    for _, i in ipairs(at) do
        local kind, id = ARGV[i], ARGV[i + 1]
        local key = JOB .. id
        local held = all_held
        if not held then
            -- A settlement repeated because its reply was lost finds the job as it left it: nothing to do.
            local job = call('HMGET', key, 'lease', 'state')
            held = job[1] == ARGV[i + 2] and job[2] == 'active'
            if job[1] ~= ARGV[i + 2] then
                refused[#refused + 1] = id
            end
        end
        if not held then
            -- Somebody else's run stands, or this one was told before.
        elseif kind == 'd' then
            emit('completed', id)
            if removing then
                remove(id, ARGV[i + 2])
            else
                keep(id, ARGV[i + 3])
            end
        elseif kind == 'D' then
            local job = call('HMGET', key, 'unique', 'remove', 'keep')
            emit('completed', id)
            free_unique(job[1], id)
            if job[2] or removing and not job[3] then
                remove(id, ARGV[i + 2])
            else
                keep(id, ARGV[i + 3])
            end
        elseif stopped(id, keep_failed) then
            -- It was cancelled while it ran: however it ended, it is not run again.
        elseif kind == 'f' then
            bury(id, FAILED, 'failed', keep_failed, ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
            emit('failed', id, 'error', string.match(ARGV[i + 3], '^[%w_]*'))
            failed = failed + 1
        elseif kind == 'r' then
            forget_error(id)
            acquit(id, ARGV[i + 2])
            back_to_ready(id, ARGV[i + 3], {'message', ARGV[i + 4], 'error', ARGV[i + 5]})
            if ARGV[i + 5] ~= '' then
                put_in_index(index_of(ARGV[i + 5]), {stamp, id})
            end
            note_run(id, 'retried', ARGV[i + 2], ARGV[i + 3], ARGV[i + 6], ARGV[i + 5])
            try('HINCRBY', key, 'retries', 1)
            emit('retried', id, 'delay', ARGV[i + 3])
            retried = retried + 1
        elseif kind == 'p' then
            acquit(id, ARGV[i + 2])
            back_to_ready(id, ARGV[i + 3], {}, ARGV[i + 4])
        else
            back_in_place(id, call('HGET', key, 'place'))
            call('HSET', key, 'state', 'waiting')
        end
    end
end
if #done > 0 then
    call('ZADD', DONE, unpack(done))
    call('PEXPIRE', DONE, done_ttl)
    local over = call('ZCARD', DONE) - keep_number
    if over > 0 then
        local oldest = call('ZPOPMIN', DONE, math.min(over, 500))
        local keys = {}
        for j = 1, #oldest, 2 do
            keys[#keys + 1] = JOB .. oldest[j]
        end
        call('UNLINK', unpack(keys))
    end
end
if #done > 0 or removed > 0 then
    tally('done', #done / 2 + removed)
end
if failed > 0 then
    tally('failed', failed)
end
if retried > 0 then
    tally('retried', retried)
end

-- In order of their due times, so that within a priority the one due first runs first.
if #due > 0 then
    call('ZREM', DELAYED, unpack(due))
    for _, id in ipairs(due) do
        local job = try('HMGET', JOB .. id, 'state', 'priority', 'most', 'place')
        if job[1] then
            put_due(id, job)
            call('HSET', JOB .. id, 'state', 'waiting')
            ripe = ripe + 1
        end
    end
end

if #lost > 0 then
    local recovered = 0
    for _, member in ipairs(lost) do
        -- Those just settled are gone from the set.
        if call('ZREM', ACTIVE, member) == 1 then
            recovered = recovered + 1
            local id, held = string.match(member, '^(.*) (.*)$')
            local job = id and try('HMGET', JOB .. id, 'place', 'lease', 'begun', 'deaths', 'most') or {}
            if job[2] and not stopped(id, keep_failed) then
                recover(id, held, job, keep_failed)
            end
        end
    end
    tally('recovered', recovered)
end

local heads, messages, leased, popped = {}, {}, {}, {}
local bytes, cut = 0, false
local runs_out = string.format('%.0f', now + lease)
if want > 0 and call('EXISTS', PAUSED) == 0 then
    popped = call('ZPOPMIN', READY, want)
    for j = 1, #popped, 2 do
        local id = popped[j]
        local key = JOB .. id
        local job = try('HMGET', key, 'message', 'special')
        bytes = bytes + (job[1] and #job[1] or 0)
        if bytes > MOST_BYTES and #heads > 0 then
            local rest = {}
            for k = j, #popped, 2 do
                rest[#rest + 1] = popped[k + 1]
                rest[#rest + 1] = popped[k]
            end
            call('ZADD', READY, unpack(rest))
            cut = true
            break
        end
        if job[1] then
            call('HSET', key, 'state', 'active', 'lease', token, 'started', stamp, 'place', popped[j + 1])
            leased[#leased + 1] = runs_out
            leased[#leased + 1] = id .. ' ' .. token
            emit('started', id)
            local marks = ''
            if job[2] then
                local special = call('HMGET', key, 'suspect', 'unique', 'remove', 'unique_until', 'keep', 'most')
                if special[4] then
                    free_unique(special[2], id)
                end
                marks = (special[1] and '!' .. (special[6] or '') or '') .. ((special[2] or special[3] or special[5]) and '*' or '')
            end
            heads[#heads + 1] = #job[1] .. marks .. ' ' .. id
            messages[#messages + 1] = job[1]
        end
    end
    if #leased > 0 then
        call('ZADD', ACTIVE, unpack(leased))
    end
end

local full = cut or #popped >= 2 * want
local waiting = (full or ripe > 0) and call('ZCARD', READY) or 0
local next_event = -1
local head = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
if head[2] then
    next_event = math.max(0, tonumber(head[2]) - now)
end
if waiting > 0 then
    wake(waiting)
elseif full and (want > 0 or put_off) and next_event >= 0 and next_event < nap then
    -- This consumer may be busy for long: another must watch for the next due job.
    wake(1)
elseif not full then
    call('DEL', WAKE)
    head = call('ZRANGE', ACTIVE, 0, 0, 'WITHSCORES')
    if head[2] then
        -- Not later than a third of a lease, so that the server can tell its own silence from a holder's.
        local left = math.max(1, math.min(lease / 3, math.max(grace, tonumber(head[2]) - now)))
        next_event = next_event < 0 and left or math.min(next_event, left)
    end
end
if cut then
    next_event = 0
end
return {next_event, table.concat(heads, ' '), table.concat(messages), table.concat(refused, ' ')}
