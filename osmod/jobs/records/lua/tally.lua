-- Counts the jobs of actors by their states, as far as the newest of each tell.
-- ARGV: 1 jobs of an actor looked at at most, then names of actors.
-- Returns for each actor the jobs met in each of the six states in the order of `SETS`, and 1 if it has more.
local NAMES = {'waiting', 'delayed', 'active', 'done', 'failed', 'cancelled'}
local most, answers = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
    local index = BASE .. 'index:actor:' .. ARGV[i]
    local met = {}
    local ids = call('ZREVRANGE', index, 0, most - 1)
    for _, id in ipairs(ids) do
        local state = call('HGET', JOB .. id, 'state')
        if state then
            met[state] = (met[state] or 0) + 1
        end
    end
    local answer = {}
    for j, name in ipairs(NAMES) do
        answer[j] = met[name] or 0
    end
    answer[7] = call('ZCARD', index) > #ids and 1 or 0
    answers[#answers + 1] = answer
end
return answers
