-- ARGV[1]: '1' pauses the queue, '0' resumes it. A paused queue takes jobs in and starts none.
work_when_full()
if ARGV[1] == '1' then
    call('SET', PAUSED, now)
    call('DEL', WAKE)
else
    call('DEL', PAUSED)
    wake(call('ZCARD', READY) + 1)
end
