// What every Node peer's app does on the command line: see drive.py.
const fs = require("fs");
const SPACED = 200, PAUSE = 20;
const done = fs.openSync(process.env.BENCH_DONE, "a");
const waits = fs.openSync(process.env.BENCH_WAITS, "a");
// Counts from an arbitrary moment, the same for all processes of a machine.
const now = () => process.hrtime.bigint();

exports.mark = (sent) => {
  if (sent) fs.writeSync(waits, `${now() - BigInt(sent)}\n`);
  else fs.writeSync(done, ".");
};

exports.drive = async (send, sendMany) => {
  if (process.argv[2] === "spaced") {
    for (let i = 0; i < SPACED; i++) {
      await send(String(now()));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } else {
    const jobs = Number(process.argv[2]);
    const began = process.hrtime.bigint();
    if (process.argv.includes("bulk")) await sendMany(jobs);
    else for (let i = 0; i < jobs; i++) await send("");
    console.log(jobs / (Number(process.hrtime.bigint() - began) / 1e9));
  }
  process.exit(0);
};
