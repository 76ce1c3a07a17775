-- Notes that taken jobs are in our queue. One whose end was told meanwhile is noted no more.
-- ARGV: message ids.
work_when_full()
for _, message_id in ipairs(ARGV) do
    if call('ZREM', TAKEN, message_id) == 1 then
        call('ZADD', HELD, stamp, message_id)
    end
end
return 1
