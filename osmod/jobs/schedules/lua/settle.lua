-- Note that a claimed slot was sent, or that its message was refused for good.
-- ARGV: 1 name  2 key of the schedule  3 slot (ms)  4 message id  5 error, empty if it was sent  6 now (ms)
if call('HGET', NAMES, ARGV[1]) ~= ARGV[2] then return 0 end
local record = record_of(ARGV[1])
work_when_full()
if call('HGET', record, 'claim_slot') == ARGV[3] then
  call('HDEL', record, 'claim_slot', 'claim_owner', 'claim_until')
end
call('HSET', record, 'last_slot', ARGV[3])
if ARGV[5] ~= '' then
  note_run(record, ARGV[4], 'refused', ARGV[6], '')
  call('HSET', record, 'outcome', 'refused', 'error', ARGV[5], 'finished', ARGV[6])
  if call('HGET', record, 'outstanding') == ARGV[4] then
    call('HDEL', record, 'outstanding', 'outstanding_until')
  end
end
return 1
