-- Has delayed jobs run now. ARGV from 5: ids. Returns how many.
local count = 0
for i = 5, #ARGV do
    local id = ARGV[i]
    if call('ZREM', DELAYED, id) == 1 then
        call('HSET', JOB .. id, 'state', 'waiting', 'due', now)
        put_ready(id, call('HGET', JOB .. id, 'priority'))
        count = count + 1
    end
end
wake(count)
return write_down('promote', count)
