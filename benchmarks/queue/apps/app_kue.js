const kue = require("kue");
const { mark, drive } = require("./drive.js");
const queue = kue.createQueue({ redis: process.env.REDIS_URL });

if (process.argv[2] === "work") {
  queue.process("noop", 50, (job, done) => {
    mark(job.data.sent);
    done();
  });
} else {
  drive(
    (sent) =>
      new Promise((resolve, reject) =>
        queue.create("noop", { sent }).removeOnComplete(true).save((error) => (error ? reject(error) : resolve())),
      ),
  );
}
