// What kue.Job.get and kue.Job.log say of jobs, by their ids; null for one that is gone.
const kue = require('kue');

kue.createQueue({ redis: process.env.KUE_URL, prefix: process.argv[3] || 'q', jobEvents: false });

function get(id) {
  return new Promise((resolve) =>
    kue.Job.get(id, (error, job) => {
      if (error) return resolve(null);
      kue.Job.log(id, (_, log) => resolve(Object.assign(job.toJSON(), { log })));
    }),
  );
}

Promise.all(JSON.parse(process.argv[2]).map(get)).then((jobs) => {
  console.log(JSON.stringify(jobs));
  process.exit(0);
});
