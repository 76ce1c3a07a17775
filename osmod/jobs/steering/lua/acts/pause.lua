-- Has the queue start nothing. Returns 1, or 0 if it was paused already.
if call('SET', PAUSED, stamp .. ' ' .. ARGV[1], 'NX') then
    call('DEL', WAKE)
    return write_down('pause', 1)
end
return 0
