-- What a queue had counted at each minute that was noted. Returns the ring's values, then what it has counted now in
-- the same form.
local noted = {}
local ring = call('HGETALL', BASE .. 'minutes')
for i = 2, #ring, 2 do
    noted[#noted + 1] = ring[i]
end
local counts = call('HMGET', META, 'done', 'failed', 'retried', 'cancelled')
local words = {string.format('%.0f', math.floor(now / 60000))}
for i = 1, 4 do
    words[i + 1] = counts[i] or '0'
end
noted[#noted + 1] = table.concat(words, ' ')
return noted
