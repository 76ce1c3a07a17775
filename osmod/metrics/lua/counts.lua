-- What was counted: names and numbers, in turn.
return call('HGETALL', BASE .. 'counts')
