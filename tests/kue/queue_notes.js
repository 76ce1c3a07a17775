// Queues jobs of the type `note` with the numbers from the first argument to before the second, and answers with ids.
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.KUE_URL, jobEvents: false });
const numbers = [];
for (let number = Number(process.argv[2]); number < Number(process.argv[3]); number++) numbers.push(number);

function save(number) {
  const job = queue.create('note', { number });
  return new Promise((resolve, reject) => job.save((error) => (error ? reject(error) : resolve(job.id))));
}

Promise.all(numbers.map(save)).then((ids) => {
  console.log(JSON.stringify(ids));
  process.exit(0);
});
