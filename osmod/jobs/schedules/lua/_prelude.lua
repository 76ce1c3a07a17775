-- Stands before every script of the schedules: the keys, and what several scripts share.
--
-- KEYS[1] is what all keys begin with, `namespace:{schedules}.`: they lie in one slot of a Redis Cluster.
local call = redis.call
local NAMES = KEYS[1] .. 'names' -- hash: name -> key of the schedule

local function record_of(name)
  return KEYS[1] .. 'record.' .. name
end

-- A server at `maxmemory` refuses a script's first write if it could grow memory, and none after it. A script
-- that must work on a full server makes this its first, which grows nothing and changes nothing.
local function work_when_full()
  call('HDEL', NAMES, '')
end

-- Note how a run ended, in the field `runs`: lines of its message's id, outcome, end (ms) and duration (ms, or empty),
-- of which the last are kept. What is known of a run already is replaced, as by another attempt.
local function note_run(record, id, outcome, ended, duration)
  local lines = {}
  for line in string.gmatch(call('HGET', record, 'runs') or '', '[^\n]+') do
    if string.match(line, '^%S+') ~= id then lines[#lines + 1] = line end
  end
  lines[#lines + 1] = table.concat({id, outcome, ended, duration}, ' ')
  call('HSET', record, 'runs', table.concat(lines, '\n', math.max(1, #lines - 29)))
end
