-- Has a paused queue go on. Returns 1, or 0 if it was not paused.
if call('DEL', PAUSED) == 1 then
    wake(call('ZCARD', READY) + 1)
    return write_down('resume', 1)
end
return 0
