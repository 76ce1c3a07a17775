-- Note that a worker begins a run.
-- ARGV: 1 name  2 message id  3 now (ms)
-- Returns 0 if this run was sent twice and is done already, otherwise 1. A removed schedule stays removed.
local record = record_of(ARGV[1])
if call('EXISTS', record) == 0 then return 1 end
local fields = call('HMGET', record, 'doubtful', 'done', 'copies')
local copies = tonumber(fields[3]) or 0
work_when_full()
if fields[1] == ARGV[2] and fields[2] == ARGV[2] and copies > 0 then
  call('HSET', record, 'copies', copies - 1)
  return 0
end
call('HSET', record, 'message', ARGV[2], 'started', ARGV[3], 'running', '1')
return 1
