// Queues jobs as a server with Kue does and answers with their ids, in the order given.
// Argument: a JSON list of {type, data, priority, delay, ttl, attempts, backoff, removeOnComplete}.
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.KUE_URL, prefix: process.argv[3] || 'q', jobEvents: false });
const wanted = JSON.parse(process.argv[2]);

function save(one) {
  const job = queue.create(one.type, one.data);
  if (one.priority !== undefined) job.priority(one.priority);
  if (one.delay) job.delay(one.delay);
  if (one.ttl) job.ttl(one.ttl);
  if (one.attempts) job.attempts(one.attempts);
  if (one.backoff) job.backoff(one.backoff);
  if (one.removeOnComplete) job.removeOnComplete(true);
  return new Promise((resolve, reject) => job.save((error) => (error ? reject(error) : resolve(job.id))));
}

Promise.all(wanted.map(save)).then((ids) => {
  console.log(JSON.stringify(ids));
  process.exit(0);
});
