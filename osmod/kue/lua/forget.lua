-- Notes jobs no more, whose end nobody waits for.
-- ARGV: message ids.
work_when_full()
for _, message_id in ipairs(ARGV) do
    call('ZREM', HELD, message_id)
    call('ZREM', TAKEN, message_id)
end
return 1
