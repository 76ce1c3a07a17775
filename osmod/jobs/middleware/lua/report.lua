-- Writes what running jobs reported, and says which are asked to stop.
--
-- ARGV: 1 log lines kept, then six a job: id, token, progress, log, result, run; '' where there is none.
--   log: lines joined by \n; run: ms for which it has run and its thread.
-- What comes under a token that is not the job's last, or of a job of which no record is kept, is dropped.
-- Returns of each job of this queue that is asked to stop its id and its lease's token: a later run is not meant.
local CANCELLING = BASE .. 'cancelling'
local keep = tonumber(ARGV[1])
local cancelling = call('ZRANGE', CANCELLING, 0, 499)
work_when_full()
for i = 2, #ARGV, 6 do
    local id, progress, lines, result, run = ARGV[i], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
    local key = JOB .. id
    local job = call('HMGET', key, 'lease', 'state', 'log')
    if job[1] == ARGV[i + 1] and job[2] ~= 'removed' then
        if progress ~= '' then
            call('HSET', key, 'progress', progress)
            emit('progress', id, 'progress', progress)
        end
        if lines ~= '' then
            local all = (job[3] and job[3] .. '\n' or '') .. lines
            local _, newlines = string.gsub(all, '\n', '\n')
            for _ = keep, newlines do
                all = string.sub(all, string.find(all, '\n', 1, true) + 1)
            end
            call('HSET', key, 'log', all)
        end
        if result ~= '' then
            call('HSET', key, 'result', result)
        end
        if run ~= '' then
            local ms, thread = string.match(run, '^(%d+) (.*)$')
            if ms then
                call('HSET', key, 'run', string.format('%.0f %s', now - ms, thread))
            end
        end
    end
end
local asked = {}
for _, id in ipairs(cancelling) do
    local job = call('HMGET', JOB .. id, 'state', 'cancel', 'lease')
    if job[1] == 'active' and job[2] then
        asked[#asked + 1] = id
        asked[#asked + 1] = job[3]
    else
        call('ZREM', CANCELLING, id)
    end
end
return asked
