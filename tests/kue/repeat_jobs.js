// Has kue-scheduler repeat a job, and answers when it is registered. Arguments: type, interval.
const kue = require('kue-scheduler');

const queue = kue.createQueue({ redis: process.env.KUE_URL });
const [type, interval] = process.argv.slice(2);
queue.every(interval, queue.createJob(type, {}).unique(type), (error) => {
  console.log(JSON.stringify(error ? error.message : 'registered'));
});
