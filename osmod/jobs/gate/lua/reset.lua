-- Forgets that a service was away, refused, or asked for a pause. Limits, and who waits, stay.
work_when_full()
return call('HDEL', STATE, 'mode', 'why', 'since', 'next', 'pause', 'probe', 'aways', 'paused', 'failing',
    'failed')
