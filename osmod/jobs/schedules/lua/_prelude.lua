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
