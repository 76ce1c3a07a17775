// Queues jobs, as queue_jobs.js does, and says each thing that happens to them: {id, event, args}, a line each.
// A line with the list of ids comes once all are queued.
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.KUE_URL, prefix: process.argv[3] || 'q' });
const wanted = JSON.parse(process.argv[2]);
const events = ['enqueue', 'promotion', 'start', 'progress', 'ttl exceeded', 'failed attempt', 'failed', 'complete', 'remove'];

// What happens while others are still being saved.
const early = [];
let say = (line) => early.push(line);

function write(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function save(one) {
  const job = queue.create(one.type, one.data);
  if (one.priority !== undefined) job.priority(one.priority);
  if (one.delay) job.delay(one.delay);
  if (one.ttl) job.ttl(one.ttl);
  if (one.attempts) job.attempts(one.attempts);
  if (one.backoff) job.backoff(one.backoff);
  if (one.removeOnComplete) job.removeOnComplete(true);
  for (const event of events) {
    job.on(event, (...args) => say({ id: job.id, event, args }));
  }
  return new Promise((resolve, reject) => job.save((error) => (error ? reject(error) : resolve(job.id))));
}

Promise.all(wanted.map(save)).then((ids) => {
  [ids, ...early].forEach(write);
  say = write;
});
