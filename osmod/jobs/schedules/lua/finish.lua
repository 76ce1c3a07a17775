-- Note how an attempt ended. A removed schedule stays removed.
-- ARGV: 1 name  2 message id  3 now (ms)  4 outcome  5 duration (ms), empty if it did not run  6 error
--       7 whether it is the last attempt (1/0)
local record = record_of(ARGV[1])
if call('EXISTS', record) == 0 then return end
work_when_full()
call('HSET', record, 'outcome', ARGV[4], 'finished', ARGV[3], 'error', ARGV[6])
note_run(record, ARGV[2], ARGV[4], ARGV[3], ARGV[5])
if ARGV[5] ~= '' then call('HSET', record, 'duration', ARGV[5]) end
if call('HGET', record, 'message') == ARGV[2] then call('HDEL', record, 'running') end
if ARGV[4] == 'done' then call('HSET', record, 'done', ARGV[2]) end
if ARGV[7] == '1' and call('HGET', record, 'outstanding') == ARGV[2] then
  call('HDEL', record, 'outstanding', 'outstanding_until')
end
